import { Effect } from "effect"
import { Command } from "effect/cli"
import { LockMismatch, LockUnverified } from "../../../schemas/errors/LockErrors.ts"
import type { LockedPlugin } from "../../../schemas/PluginLock.ts"
import { cureOf } from "../../lock/Cure.ts"
import { PluginStore } from "../../lock/PluginStore.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"
import { releaseLine, shortHash } from "../render/PluginText.ts"
import { table } from "../Table.ts"

const nothing = "nothing is installed. The reference plugins are, with: animus init"

const list = Command.make("list", {}, () =>
  Effect.gen(function*() {
    const { ledger, ledgerPath } = yield* PluginStore
    const { plugins } = yield* ledger
    const rows = plugins.map((plugin) => [
      plugin.name,
      plugin.version,
      shortHash(plugin.artifact_sha256),
      plugin.pinned ? "pinned" : "",
      plugin.signature_status,
      plugin.previous.length,
      plugin.source
    ])
    const head = ["NAME", "VERSION", "HASH", "PINNED", "SIGNATURE", "EARLIER", "SOURCE"]
    yield* succeed({ lock: ledgerPath, plugins }, rows.length === 0 ? [nothing] : table(head, rows))
  }).pipe(withPluginTools)).pipe(Command.withDescription("List what is installed, as the lock file has it"))

/** Every byte of every tree. */
const verifyOne = Effect.fnUntraced(function*(plugin: LockedPlugin) {
  const store = yield* PluginStore
  const { found = "nothing", intact } = yield* store.check(plugin.artifact_sha256)
  return { plugin, intact, found, path: store.folderOf(plugin.artifact_sha256) }
})

const mismatchOf = ({ found, path, plugin }: Effect.Success<ReturnType<typeof verifyOne>>) =>
  new LockMismatch({ plugin: plugin.name, path, expected: plugin.artifact_sha256, found, fix: cureOf(plugin) })

const verify = Command.make("verify", {}, () =>
  Effect.gen(function*() {
    const { ledger, ledgerPath } = yield* PluginStore
    const checked = yield* Effect.forEach((yield* ledger).plugins, verifyOne)
    const broken = checked.filter(({ intact }) => !intact)
    const [first, ...others] = broken.map(mismatchOf)
    if (first !== undefined) {
      return yield* new LockUnverified({ mismatches: [first, ...others].map(({ message }) => message) })
    }
    yield* succeed(
      {
        lock: ledgerPath,
        verified: checked.map(({ plugin: { artifact_sha256, name } }) => ({ name, artifact_sha256 }))
      },
      checked.length === 0 ? [nothing] : checked.map(({ plugin }) => `as installed: ${releaseLine(plugin)}`)
    )
  }).pipe(withPluginTools)).pipe(
    Command.withDescription("Read every byte that is installed, and compare it with the lock file")
  )

export const pluginLock = Command.make("lock").pipe(
  Command.withDescription("The lock file: what is installed, and whether it still is"),
  Command.withSubcommands([list, verify])
)
