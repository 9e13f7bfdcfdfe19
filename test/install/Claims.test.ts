import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { contestedAmong } from "../../src/install/Claims.ts"
import { Doctor } from "../../src/install/Doctor.ts"
import { PluginStore } from "../../src/lock/PluginStore.ts"
import { live, manifest, premises, printing } from "./Premises.ts"

const claiming = (name: string, ...capabilities: ReadonlyArray<string>) =>
  printing(manifest(name, "1.0.0", { capabilities }))

const [ONE, TWO] = ["animus-subject-one", "animus-subject-two"]

describe("a kind that an installed plugin claims", () => {
  it.live(
    "is refused to another one, with both names and what to type, and what was there stays",
    live(Effect.gen(function*() {
      const { admit, install, ledger, program, use } = yield* premises
      yield* install(yield* program(ONE, claiming(ONE, "subject_kind:task", "subject_kind:note")))
      const two = yield* program(TWO, claiming(TWO, "subject_kind:issue", "subject_kind:note"))
      const error = yield* Effect.flip(install(two))
      assert.deepInclude(error, { _tag: "KindTaken", plugin: TWO, kind: "note", holder: ONE })
      assert.include(error.message, `animus plugin uninstall ${ONE}`)
      assert.deepStrictEqual((yield* ledger).plugins.map(({ name }) => name), [ONE])
      yield* admit(ONE)
      assert.strictEqual((yield* Effect.flip(install(two, { force: true })))._tag, "KindTaken")
      assert.strictEqual((yield* Effect.flip(install(two, { name: "animus-subject-three" })))._tag, "KindTaken")
      yield* use(({ installer }) => installer.uninstall(ONE))
      assert.strictEqual((yield* install(two)).plugin.name, TWO)
    }))
  )

  it.live(
    "is no matter for its own next release, nor for a glob beside it, which is another claim",
    live(Effect.gen(function*() {
      const { install, program, use } = yield* premises
      yield* install(yield* program(ONE, claiming(ONE, "subject_kind:task")))
      yield* install(yield* program(TWO, claiming(TWO, "subject_kind:task.*")))
      yield* program(ONE, claiming(ONE, "subject_kind:task", "subject/create"))
      assert.isFalse((yield* use(({ installer }) => installer.update(ONE, { policy: "warn" }))).unchanged)
    }))
  )

  it.live(
    "is refused to an update that claims it newly, and to the release before one that gave it up",
    live(Effect.gen(function*() {
      const { install, ledger, program, use } = yield* premises
      yield* install(yield* program(ONE, claiming(ONE, "subject_kind:task")))
      yield* program(ONE, claiming(ONE, "subject_kind:note"))
      const update = (name: string) => use(({ installer }) => installer.update(name, { policy: "warn" }))
      yield* update(ONE)
      yield* install(yield* program(TWO, claiming(TWO, "subject_kind:task")))
      const before = yield* ledger
      yield* program(TWO, claiming(TWO, "subject_kind:task", "subject_kind:note"))
      assert.strictEqual((yield* Effect.flip(update(TWO)))._tag, "KindTaken")
      const back = yield* Effect.flip(use(({ installer }) => installer.rollback(ONE)))
      assert.deepInclude(back, { _tag: "KindTaken", kind: "task", holder: TWO })
      assert.deepStrictEqual((yield* ledger).plugins, before.plugins)
    }))
  )
})

describe("a kind that two installed plugins claim", () => {
  it.live(
    "is named by the doctor with both of them, and they can still be updated",
    live(Effect.gen(function*() {
      const { fs, install, layer, program, root, use } = yield* premises
      yield* install(yield* program(ONE, claiming(ONE, "subject_kind:task")))
      yield* install(yield* program(TWO, claiming(TWO, "subject_kind:issue")))
      // As a release of ours that did not look left it: both are listed, and both claim it.
      const { artifact_sha256 } = (yield* use(({ store }) => store.ledger)).plugins.find(({ name }) => name === TWO) ??
        (yield* Effect.die("it is not listed"))
      const remembered = `${root}/config/cache/manifests/${artifact_sha256}.json`
      yield* fs.writeFileString(remembered, manifest(TWO, "1.0.0", { capabilities: ["subject_kind:task"] }))
      const [finding, ...others] = yield* Effect.gen(function*() {
        const { ledger } = yield* PluginStore
        assert.deepStrictEqual(yield* contestedAmong(yield* ledger), [["task", [ONE, TWO]]])
        return yield* Effect.flatMap(Doctor, ({ examine }) => examine).pipe(Effect.provide(Doctor.layer))
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(others, [])
      assert.deepInclude(finding, {
        about: `${ONE}, ${TWO}`,
        fix: `animus plugin uninstall ${ONE}, or: animus plugin uninstall ${TWO}`
      })
      assert.include(finding?.problem, "\"task\"")
      yield* program(TWO, claiming(TWO, "subject_kind:task", "subject/create"))
      yield* use(({ installer }) => installer.update(TWO, { policy: "warn" }))
    }))
  )
})

describe("a tool whose name is reserved", () => {
  it.live.each([
    { name: "animus-plugin-other", capability: "provider_tool: Claude " },
    { name: "animus-provider-codex", capability: "agent/run" }
  ])(
    "is refused to $name with $capability, unless that is what is wanted",
    ({ capability, name }) =>
      live(Effect.gen(function*() {
        const { install, program, use } = yield* premises
        const file = yield* program(name, claiming(name, capability))
        const error = yield* Effect.flip(install(file))
        assert.strictEqual(error._tag, "InstallRefused")
        assert.include(error.message, "--allow-shadow-builtin")
        yield* install(file, { mayShadow: true })
        yield* program(name, claiming(name, capability, "agent/resume"))
        assert.isFalse((yield* use(({ installer }) => installer.update(name, { policy: "warn" }))).unchanged)
      }))()
  )
})
