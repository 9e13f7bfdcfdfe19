/** What nothing refers to goes, what anything may still need stays: with real trees, real processes, and some that are killed. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { KEPT_RELEASES } from "../../src/lock/Ledger.ts"
import { PluginLock } from "../../src/lock/PluginLock.ts"
import { PluginStore } from "../../src/lock/PluginStore.ts"
import { forgetManifests } from "../../src/plugin/ForgetManifests.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { live, premises, script } from "./Premises.ts"
import { node, programs } from "./Programs.ts"

const NAME = "animus-plugin-x"
const program = programs()
const ask = { name: NAME, path: "", source: "installed", locked: NAME }

const release = Effect.fnUntraced(
  function*({ install, program }: Effect.Success<typeof premises>, version: string) {
    const { plugin } = yield* install(yield* program(NAME, script(NAME, version)))
    return plugin.artifact_sha256
  }
)

/** A daemon's stead: a process that may start it, until it is killed. */
const holder = (root: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(node, [program.holder, root, NAME], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      await once(child.stdout, "data")
      return child
    }),
    end
  )

function end(child: ChildProcess) {
  return Effect.promise(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill("SIGKILL")
    await once(child, "exit")
  })
}

const stored = (root: string) =>
  readdirSync(join(root, "config", "store")).filter((name) => !name.startsWith("install."))

describe("what is swept", () => {
  it.live(
    "is a tree once nobody can go back to it; each release that somebody can is kept",
    live(Effect.gen(function*() {
      const place = yield* premises
      const trees: Array<string> = []
      for (let version = 0; version < KEPT_RELEASES + 3; version++) trees.push(yield* release(place, `${version}.0.0`))
      assert.sameMembers(stored(place.root), trees.slice(-KEPT_RELEASES - 1))
      yield* place.use(({ installer }) => installer.rollback(NAME))
      assert.sameMembers(stored(place.root), trees.slice(-KEPT_RELEASES - 1, -1))
      yield* place.use(({ installer }) => installer.uninstall(NAME))
      assert.deepStrictEqual(stored(place.root), [])
    }))
  )

  it.live(
    "is not what another process may be running something of, until that is killed",
    live(Effect.gen(function*() {
      const place = yield* premises
      const tree = yield* release(place, "1.0.0")
      const running = yield* holder(place.root)
      yield* place.use(({ installer }) => installer.uninstall(NAME))
      assert.include(stored(place.root), tree)
      assert.deepStrictEqual(yield* place.use(({ store }) => store.held), new Set([tree]))
      const other = yield* release(place, "2.0.0")
      assert.includeMembers(stored(place.root), [tree, other])
      yield* end(running)
      assert.deepStrictEqual(yield* place.use(({ installer }) => installer.sweep), [tree])
      assert.deepStrictEqual(stored(place.root), [other])
    }))
  )

  it.live(
    "is what a sweep that was killed had set aside, and never half of a tree under its name",
    live(Effect.gen(function*() {
      const place = yield* premises
      const tree = yield* release(place, "1.0.0")
      const killed = spawnSync(node, [program.killed, place.root, "set-aside", "uninstall", NAME])
      assert.strictEqual(killed.signal, "SIGKILL", String(killed.stderr))
      assert.deepStrictEqual((yield* place.ledger).plugins, [])
      const [aside = "", ...others] = stored(place.root)
      assert.deepStrictEqual([aside.startsWith(".staging-"), others], [true, []])
      assert.strictEqual(yield* release(place, "1.0.0"), tree)
      assert.deepStrictEqual(stored(place.root), [tree])
    }))
  )

  it.live(
    "is nothing but leftovers while there is no list: it may be put back",
    live(Effect.gen(function*() {
      const place = yield* premises
      const tree = yield* release(place, "1.0.0")
      const lock = join(place.root, "config", "plugins.lock")
      const text = readFileSync(lock, "utf8")
      mkdirSync(join(place.root, "config", "store", ".staging-left"))
      for (const empty of [() => rmSync(lock), () => writeFileSync(lock, "")]) {
        empty()
        yield* place.use(({ installer }) => installer.sweep)
        assert.deepStrictEqual(stored(place.root), [tree])
      }
      writeFileSync(lock, "{{")
      assert.strictEqual((yield* Effect.flip(place.use(({ installer }) => installer.sweep)))._tag, "LockUnreadable")
      assert.deepStrictEqual(stored(place.root), [tree])
      writeFileSync(lock, text)
      yield* place.admit(NAME)
    }))
  )

  it.live(
    "is each copy of a project's plugins but that of today, once nothing of it can be running",
    live(Effect.gen(function*() {
      const { layer, program, root } = yield* premises
      const [folder, copies] = [join(root, "plugins"), join(root, "config", "scope", "plugins")]
      const take = Effect.fnUntraced(function*(version: string) {
        yield* program("plugins/animus-plugin-y", script("animus-plugin-y", version))
        return (yield* PluginStore.use(({ snapshot }) => snapshot(folder))).sha256
      })
      const trees = () => readdirSync(copies).filter((name) => /^[0-9a-f]{64}$/.test(name))
      const sweep = PluginStore.use(({ sweepSnapshots }) => sweepSnapshots(folder))
      const [old, now] = yield* Effect.gen(function*() {
        const both = [yield* take("1.0.0"), yield* take("2.0.0")] as const
        // Something of the old one may be running in this very process.
        assert.deepStrictEqual(yield* sweep, [])
        return both
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(yield* Effect.provide(sweep, layer), [old])
      assert.deepStrictEqual(trees(), [now])
      rmSync(folder, { recursive: true })
      assert.deepStrictEqual(yield* Effect.provide(sweep, layer), [now])
      assert.deepStrictEqual(readdirSync(copies), [])
    }))
  )

  it.live(
    "is a manifest of nobody's that was not written in the last month",
    live(Effect.gen(function*() {
      const { root } = yield* premises
      const folder = join(root, "config", "cache", "manifests")
      mkdirSync(folder, { recursive: true })
      const age = { "kept.json": 400, "young.json": 29, "old.json": 31, "torn.json.new": 31 }
      const now = (yield* Clock.currentTimeMillis) / 1000
      for (const [file, days] of Object.entries(age)) {
        writeFileSync(join(folder, file), "{}")
        const at = now - days * 24 * 3600
        utimesSync(join(folder, file), at, at)
      }
      const configDir = join(root, "config")
      const scope = { projectRoot: root, projectDir: root, configDir, scopeDir: root, socketPath: "" }
      yield* Effect.provideService(forgetManifests(new Set(["kept"])), ProjectScope, scope)
      assert.sameMembers(readdirSync(folder), ["kept.json", "young.json"])
    }))
  )
})

describe("a plugin that is replaced while it is looked up", () => {
  it.live(
    "is started as it is listed once its tree is held",
    live(Effect.gen(function*() {
      const place = yield* premises
      const first = yield* release(place, "1.0.0")
      const before = yield* place.ledger
      const second = yield* release(place, "2.0.0")
      const held: Array<string> = []
      const admitted = yield* Effect.gen(function*() {
        const store = yield* PluginStore
        const outdated = [before]
        const ledger = Effect.suspend(() => {
          const next = outdated.shift()
          return next === undefined ? store.ledger : Effect.succeed(next)
        })
        const hold = (tree: string) => Effect.andThen(Effect.sync(() => held.push(tree)), store.hold(tree))
        const double = Layer.succeed(PluginStore, { ...store, ledger, hold })
        return yield* PluginLock.use(({ admit }) => admit(ask)).pipe(
          Effect.provide(Layer.fresh(PluginLock.layer).pipe(Layer.provide(double)))
        )
      }).pipe(Effect.provide(place.layer))
      assert.deepStrictEqual(held, [first, second])
      assert.include(admitted.path, second)
      assert.isTrue(existsSync(admitted.path))
    }))
  )
})
