/**
 * Whether there is somebody for each of the parts that work needs, and what to type where there is not. Goes by what plugins
 * said when they were installed and, where a daemon answers, by what it has found; nothing is executed.
 */
import { Effect } from "effect"
import { kindsOf } from "../../schemas/PluginManifest.ts"
import { ControlClient } from "../control/ControlClient.ts"
import { rememberedOf } from "../install/Claims.ts"
import { PluginStore } from "../lock/PluginStore.ts"
import { askAgain } from "./AskAgain.ts"
import { withPluginTools } from "./PluginTools.ts"
import { installReferencePlugins } from "./RegisterPlugins.ts"

/** Any backend of subjects will do: which kinds there have to be is the project's affair. */
const roles: ReadonlyArray<{ readonly role: string; readonly kind: string }> = [
  { role: "at_least_one_provider", kind: "provider" },
  { role: "subject_kind:task", kind: "subject_backend" },
  { role: "subject_kind:requirement", kind: "subject_backend" }
]

const installedKinds = Effect.gen(function*() {
  const ledger = yield* (yield* PluginStore).ledger
  const found = yield* rememberedOf(ledger.plugins)
  return found.flatMap(({ manifest }) => kindsOf(manifest))
}).pipe(withPluginTools)

/** Plugins that were registered by hand are in no ledger. */
const foundKinds = Effect.gen(function*() {
  const control = yield* ControlClient
  const { plugins } = yield* askAgain(control["plugin/list"]({}))
  return plugins.map(({ kind }) => kind)
}).pipe(Effect.catchTag("DaemonNotRunning", () => Effect.succeed([])))

export const preflight = Effect.fnUntraced(function*(autoInstall: boolean) {
  const installed = autoInstall ? (yield* installReferencePlugins).added : []
  const kinds = new Set<string>([...yield* installedKinds, ...yield* foundKinds])
  const missing = roles.filter(({ kind }) => !kinds.has(kind)).map(({ role }) => role)
  return {
    schema: "animus.daemon.preflight.v1",
    satisfied: roles.filter(({ kind }) => kinds.has(kind)).map(({ role }) => role),
    missing,
    auto_installed: installed,
    ok: missing.length === 0,
    ...(missing.length === 0 ? {} : { fix_message: "animus plugin install-defaults" })
  }
})
