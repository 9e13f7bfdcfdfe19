import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { Installer } from "../../install/Installer.ts"
import { isMovable } from "../../install/UpdateSpec.ts"
import { PluginStore } from "../../lock/PluginStore.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"
import { releaseLine, restartHint } from "../render/PluginText.ts"
import { policyOf, signaturePolicy } from "../SignatureFlag.ts"

const namesOf = Effect.fnUntraced(function*(name: Option.Option<string>, all: boolean, onlyOne: boolean) {
  if (Option.isSome(name) === all || (all && onlyOne)) {
    return yield* new InvalidInput({ detail: "name one plugin, or say --all; --to and --reinstall go with a name" })
  }
  if (Option.isSome(name)) return [name.value]
  const store = yield* PluginStore
  return (yield* store.ledger).plugins.filter(isMovable).map(({ name }) => name)
})

export const pluginUpdate = Command.make("update", {
  name: Argument.String("name").pipe(Argument.optional, Argument.withDescription("As plugin lock list shows it")),
  all: Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription("Every plugin that is not pinned")),
  to: Flag.String("to").pipe(Flag.optional, Flag.withDescription("This version, which pins it")),
  reinstall: Flag.Boolean("reinstall").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Also a pinned one: the same version, fetched again")
  ),
  signaturePolicy
}, ({ all, name, reinstall, signaturePolicy, to }) =>
  Effect.gen(function*() {
    const installer = yield* Installer
    const policy = yield* policyOf(signaturePolicy)
    const names = yield* namesOf(name, all, reinstall || Option.isSome(to))
    const updated = yield* Effect.forEach(
      names,
      (name) => installer.update(name, { policy, reinstall, version: Option.getOrUndefined(to) })
    )
    const lines = updated.map(({ plugin, unchanged }) =>
      `${unchanged ? "unchanged" : "updated"} ${releaseLine(plugin)}`
    )
    yield* succeed(
      { plugins: updated.map(({ plugin, unchanged }) => ({ ...plugin, unchanged })) },
      lines.length === 0
        ? ["nothing to update: whatever is installed is pinned"]
        : [...lines, ...updated.filter(({ unchanged }) => !unchanged).map(({ plugin }) => restartHint(plugin.name))]
    )
  }).pipe(withPluginTools)).pipe(
    Command.withDescription("Fetch a plugin again from where it came, if it is not pinned")
  )
