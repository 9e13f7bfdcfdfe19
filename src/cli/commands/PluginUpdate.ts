import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { UpdatesFailed } from "../../../schemas/errors/InstallErrors.ts"
import { type Installed, Installer } from "../../install/Installer.ts"
import { isMovable } from "../../install/UpdateSpec.ts"
import { PluginStore } from "../../lock/PluginStore.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"
import { afterInstall, releaseLine } from "../render/PluginText.ts"
import { policyOf, signaturePolicy } from "../SignatureFlag.ts"

const namesOf = Effect.fnUntraced(function*(name: Option.Option<string>, all: boolean, onlyOne: boolean) {
  if (Option.isSome(name) === all || (all && onlyOne)) {
    return yield* new InvalidInput({ detail: "name one plugin, or say --all; --to and --reinstall go with a name" })
  }
  if (Option.isSome(name)) return [name.value]
  const store = yield* PluginStore
  return (yield* store.ledger).plugins.filter(isMovable).map(({ name }) => name)
})

const entryOf = ({ plugin, repaired, unchanged }: Installed) => ({ ...plugin, unchanged, repaired })

const doneTo = ({ repaired, unchanged }: Installed): string =>
  repaired ? "repaired the stored copy of" : unchanged ? "unchanged" : "updated"

/** One that fails keeps no other from being updated. */
const each = Effect.fnUntraced(function*<E extends { readonly message: string }>(
  names: ReadonlyArray<string>,
  update: (name: string) => Effect.Effect<Installed, E>
) {
  const results = yield* Effect.forEach(
    names,
    (name) => Effect.map(Effect.result(update(name)), (result) => ({ name, result }))
  )
  const updated = results.flatMap(({ result }) => result._tag === "Success" ? [result.success] : [])
  const [first, ...others] = results.flatMap(({ name, result }) =>
    result._tag === "Failure" ? [{ name, message: result.failure.message }] : []
  )
  if (first === undefined) return updated
  return yield* new UpdatesFailed({ updated: updated.map(entryOf), failed: [first, ...others] })
})

export const pluginUpdate = Command.make("update", {
  name: Argument.String("name").pipe(Argument.optional, Argument.withDescription("As plugin lock list shows it")),
  named: Flag.String("name").pipe(Flag.optional, Flag.withDescription("The same as a flag")),
  all: Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription("Every plugin that is not pinned")),
  to: Flag.String("to").pipe(Flag.optional, Flag.withDescription("This version, which pins it")),
  reinstall: Flag.Boolean("reinstall").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Also a pinned one: the same version, fetched again")
  ),
  signaturePolicy
}, ({ all, name: argument, named, reinstall, signaturePolicy, to }) =>
  Effect.gen(function*() {
    const installer = yield* Installer
    const name = Option.orElse(argument, () => named)
    const policy = yield* policyOf(signaturePolicy)
    const names = yield* namesOf(name, all, reinstall || Option.isSome(to))
    const one = (name: string) => installer.update(name, { policy, reinstall, version: Option.getOrUndefined(to) })
    const updated = yield* all ? each(names, one) : Effect.forEach(names, one)
    const lines = updated.map((one) => `${doneTo(one)} ${releaseLine(one.plugin)}`)
    yield* succeed(
      { plugins: updated.map(entryOf) },
      lines.length === 0
        ? ["nothing to update: whatever is installed is pinned"]
        : [...lines, ...updated.flatMap(afterInstall)]
    )
  }).pipe(withPluginTools)).pipe(
    Command.withDescription("Fetch a plugin again from where it came, if it is not pinned")
  )
