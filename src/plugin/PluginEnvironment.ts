/**
 * The whole environment of a plugin: a short list every program needs, what its manifest asks for, and our mark. Nothing
 * else of the daemon's environment reaches it; a placeholder's value is looked up here, at spawn, and kept nowhere.
 */
import { Context, Effect } from "effect"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { HostEnvironment, markOf, PLUGIN_VARIABLE } from "../project/HostEnvironment.ts"
import { askedVariables, missingVariables } from "./MissingVariables.ts"

type Variables = Readonly<Record<string, string>>

const BASE = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "LC_ALL",
  "TZ",
  "USER",
  "SHELL",
  "TERM",
  "RUST_LOG",
  "RUST_BACKTRACE"
] as const

const pick = (env: Variables, names: ReadonlyArray<string>): Variables =>
  Object.fromEntries(names.flatMap((name) => {
    const value = env[name]
    return value === undefined ? [] : [[name, value]]
  }))

/** What any program may see. */
export const baseEnvironment = (env: Variables): Variables => pick(env, BASE)

/**
 * Keeps interpreters from writing beside a program, which root may do in the stored copy, too. What appears there is executed
 * like the rest, so it counts like the rest: the next start would be refused.
 */
const LEAVES_NOTHING_BEHIND: Variables = { PYTHONDONTWRITEBYTECODE: "1" }

/** What any plugin may see, `--manifest` probes included. */
export const bareEnvironment = (env: Variables): Variables => ({ ...baseEnvironment(env), ...LEAVES_NOTHING_BEHIND })

/**
 * Plugins that start processes in the daemon's place, by name: they look up the values of secrets, so they are given all that
 * the daemon has. What they start gets no more of it than from the daemon itself.
 */
export const ActInOurPlace = Context.Reference<ReadonlySet<string>>("animus/plugin/ActInOurPlace", {
  defaultValue: () => new Set()
})

/** A missing variable is the plugin's to complain about, in its own words: it is started all the same. */
export const pluginEnvironment = Effect.fnUntraced(function*(plugin: string, manifest: PluginManifest) {
  const host = yield* HostEnvironment
  const missing = missingVariables(manifest, host.env)
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ")
    yield* Effect.logWarning(
      `plugin ${plugin} needs ${names}, which the daemon's environment lacks: set it, then restart the daemon`
    )
  }
  const trusted = yield* ActInOurPlace
  return {
    ...(trusted.has(plugin) ? host.env : {}),
    ...bareEnvironment(host.env),
    ...pick(host.env, askedVariables(manifest).map(({ name }) => name)),
    ...markOf(host),
    [PLUGIN_VARIABLE]: plugin
  }
})
