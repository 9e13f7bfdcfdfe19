/** Which plugin serves which kind of subject: exact claim first, then the longest glob. Pure. */
import { Result } from "effect"
import { DuplicateKindClaim } from "../../schemas/errors/PluginErrors.ts"

export interface Claim {
  /** `task`, or `task.*` for every kind below `task.`, which `task` itself is not. */
  readonly kind: string
  readonly plugin: string
}

/** Two plugins that claim one kind are a mistake of the installation, never a race. */
export const makeRoutes = (claims: ReadonlyArray<Claim>): Result.Result<ReadonlyArray<Claim>, DuplicateKindClaim> => {
  const routes = new Map<string, string>()
  for (const { kind, plugin } of claims) {
    const other = routes.get(kind)
    if (other !== undefined && other !== plugin) {
      return Result.fail(new DuplicateKindClaim({ kind, plugins: [other, plugin] }))
    }
    routes.set(kind, plugin)
  }
  return Result.succeed([...routes].map(([kind, plugin]) => ({ kind, plugin })))
}

const covers = (claim: string, kind: string): boolean =>
  claim === kind || (claim.endsWith(".*") && kind.length > claim.length - 1 && kind.startsWith(claim.slice(0, -1)))

/** A kind is one word before `/` in a method and before `:` in an id; a glob is a claim, not a kind. */
export const isKind = (kind: string): boolean => /^[^\s/:*]+$/.test(kind)

export const resolve = (routes: ReadonlyArray<Claim>, kind: string): string | undefined => {
  if (!isKind(kind)) return undefined
  const matching = routes.filter((claim) => covers(claim.kind, kind))
  const exact = matching.find((claim) => claim.kind === kind)
  return (exact ?? matching.toSorted((a, b) => b.kind.length - a.kind.length)[0])?.plugin
}
