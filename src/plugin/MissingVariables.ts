/** What a plugin asks of the environment, what it does not find there, and what a person types about it. Pure. */
import type { EnvRequirement, PluginManifest, PluginVariable } from "../../schemas/PluginManifest.ts"
import { markVariables } from "../project/HostEnvironment.ts"

type Variables = Readonly<Record<string, string>>

/** Our own mark is no business of a manifest. */
export const askedVariables = ({ env_required = [] }: Pick<PluginManifest, "env_required">) =>
  env_required.filter(({ name }) => !markVariables.has(name))

export const variablesOf = (
  manifest: Pick<PluginManifest, "env_required">,
  env: Variables
): ReadonlyArray<PluginVariable> =>
  askedVariables(manifest).map((asked) => ({ ...asked, set: env[asked.name] !== undefined }))

export const missingVariables = (
  manifest: Pick<PluginManifest, "env_required">,
  env: Variables
): ReadonlyArray<EnvRequirement> => variablesOf(manifest, env).filter(({ required, set }) => required && !set)

/** A name that is none would be read by a shell as something else. */
const isName = (name: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)

/** The daemon has the environment that it was started with, so that it has to be started anew. */
export const exporting = (names: ReadonlyArray<string>): string => {
  const given = names.filter(isName).map((name) => `${name}=VALUE`)
  return `${given.length === 0 ? "" : `export ${given.join(" ")}; `}animus daemon stop && animus daemon start`
}
