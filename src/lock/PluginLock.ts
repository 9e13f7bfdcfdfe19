/**
 * What may be started. Asked before every start: a plugin of the user's is started from its stored copy, and only while
 * that copy is, byte for byte, what `plugins.lock` lists; a plugin of the project only while the user's trust covers it.
 * Nothing is ever listed or pinned anew by starting it.
 */
import { Context, Effect, Layer, Path } from "effect"
import { Digest } from "effect/crypto"
import type { ProjectNotTrusted, StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { TreeRefused } from "../../schemas/errors/InstallErrors.ts"
import { LockMismatch, type LockUnreadable, PluginNotLocked } from "../../schemas/errors/LockErrors.ts"
import type { LockedPlugin } from "../../schemas/PluginLock.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { Trust } from "../project/Trust.ts"
import { cureOf } from "./Cure.ts"
import { findLocked } from "./Ledger.ts"
import { PluginStore } from "./PluginStore.ts"
import { insideOf } from "./Tree.ts"

export interface Startable {
  /** For messages. */
  readonly name: string
  /** What was found; what is started may lie elsewhere. */
  readonly path: string
  readonly source: string
  /** Under which name it is in the ledger; undefined for what is not. */
  readonly locked?: string | undefined
}

export interface Admitted {
  readonly path: string
  /** Names the tree it lies in, and it: 64 hexadecimal digits. */
  readonly key: string
}

export type LockError =
  | LockMismatch
  | PluginNotLocked
  | LockUnreadable
  | ProjectNotTrusted
  | StateFolderUnusable
  | TreeRefused

/** What a plugin of the project calls itself, wherever it was found. */
export const PROJECT_LOCAL = "project_local"

export class PluginLock extends Context.Service<PluginLock, {
  /** The program to start in its place, checked just now; its tree stays as long as this process does. */
  readonly admit: (plugin: Startable) => Effect.Effect<Admitted, LockError>
  /** Whether it would be admitted. Nothing is started after this, and nothing is kept for it. */
  readonly inspect: (plugin: Startable) => Effect.Effect<void, LockError>
}>()("animus/lock/PluginLock") {
  /** Lets everything through as it lies, for tests and embedders whose plugins are their own. */
  static readonly layerOpen = Layer.succeed(PluginLock, {
    admit: ({ path }) => Effect.succeed({ path, key: "0".repeat(64) }),
    inspect: () => Effect.void
  })

  static readonly layer = Layer.effect(PluginLock, Effect.suspend(() => make)).pipe(
    Layer.provide(Digest.layerWebCrypto)
  )
}

/** Plugins of the user's, as the ledger lists them. */
const makeListed = Effect.gen(function*() {
  const store = yield* PluginStore
  const { join } = yield* Path.Path

  const find = Effect.fnUntraced(function*({ locked, name, path }: Startable) {
    const plugin = locked === undefined ? undefined : findLocked(yield* store.ledger, locked)
    return plugin ?? (yield* new PluginNotLocked({ plugin: name, path }))
  })

  const check = Effect.fnUntraced(function*(plugin: LockedPlugin) {
    const { artifact_sha256: expected, entry } = plugin
    const folder = store.folderOf(expected)
    const { found = "nothing", intact } = yield* store.check(expected)
    // The hash is that of the tree: a program beside it is covered by nothing.
    const isInside = insideOf("", entry) !== undefined
    if (intact && isInside) return { path: join(folder, entry), key: expected.toLowerCase() }
    return yield* new LockMismatch({
      plugin: plugin.name,
      path: folder,
      expected,
      found: isInside ? found : `that its program would be ${join(folder, entry)}`,
      fix: cureOf(plugin)
    })
  })

  /** Who took it off the list before it was held may have removed it: what is listed then is what counts. */
  const admit = Effect.fnUntraced(function*(startable: Startable) {
    let plugin = yield* find(startable)
    for (let before = ""; before !== plugin.artifact_sha256; plugin = yield* find(startable)) {
      before = plugin.artifact_sha256
      yield* store.hold(before)
    }
    return yield* check(plugin)
  })

  return { admit, inspect: (startable: Startable) => Effect.flatMap(find(startable), check) }
})

/** What is started is a copy that was made while the trust held, before and after. */
const makeOfProject = Effect.gen(function*() {
  const store = yield* PluginStore
  const trust = yield* Trust
  const digest = yield* Digest.Digest
  const { projectDir } = yield* ProjectScope
  const { join, relative } = yield* Path.Path
  return Effect.fnUntraced(function*({ name, path }: Startable) {
    const trusted = trust.require(`plugin ${name} was to be started`)
    yield* trusted
    const folder = join(projectDir, "plugins")
    const inside = relative(folder, path)
    const { folder: copy, sha256 } = yield* store.snapshot(folder)
    yield* trusted
    const key = yield* digest.digestHex(Digest.sha256, new TextEncoder().encode(`${sha256}\n${inside}`))
    return { path: join(copy, inside), key }
  })
})

const make = Effect.gen(function*() {
  const listed = yield* makeListed
  const ofProject = yield* makeOfProject
  return PluginLock.of({
    admit: Effect.fn("PluginLock.admit")(function*(plugin) {
      return yield* plugin.source === PROJECT_LOCAL ? ofProject(plugin) : listed.admit(plugin)
    }),
    inspect: Effect.fn("PluginLock.inspect")(function*(plugin) {
      yield* plugin.source === PROJECT_LOCAL ? ofProject(plugin) : listed.inspect(plugin)
    })
  })
})
