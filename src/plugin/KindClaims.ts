/** Which plugins claim which kinds of subjects, by their manifests. What two of them claim is served by neither. Pure. */
import { type PluginManifest, subjectKindsOf } from "../../schemas/PluginManifest.ts"

export interface Claim {
  /** `task`, or `task.*` for every kind below `task.`, which `task` itself is not. */
  readonly kind: string
  readonly plugin: string
}

interface Claimant {
  readonly name: string
  readonly manifest: PluginManifest
}

export const claimsOf = (plugins: ReadonlyArray<Claimant>): ReadonlyArray<Claim> =>
  plugins.flatMap(({ manifest, name }) => subjectKindsOf(manifest).map((kind) => ({ kind, plugin: name })))

/** Each plugin once, in the order of the claims. */
export const claimantsOf = (claims: ReadonlyArray<Claim>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const claimants = new Map<string, ReadonlyArray<string>>()
  for (const { kind, plugin } of claims) {
    const known = claimants.get(kind) ?? []
    if (!known.includes(plugin)) claimants.set(kind, [...known, plugin])
  }
  return claimants
}
