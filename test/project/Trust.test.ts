import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, type Scope } from "effect"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { Trust } from "../../src/project/Trust.ts"

const trustIn = (root: string, configDir = `${root}/config`, project = "project") =>
  Trust.layer.pipe(Layer.provide(Layer.succeed(ProjectScope, {
    projectRoot: `${root}/${project}`,
    projectDir: `${root}/${project}/.animus`,
    configDir,
    scopeDir: `${configDir}/scope`,
    socketPath: `${configDir}/scope/control.sock`
  })))

const PLUGIN = "project/.animus/plugins/animus-plugin-own"
const WORKFLOWS = "project/.animus/workflows.yaml"

const workshop = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "animus-trust-" }), fs.realPath)
  yield* fs.makeDirectory(`${root}/project/.animus/plugins/lib`, { recursive: true })
  yield* fs.makeDirectory(`${root}/project/.animus/workflows`)
  yield* fs.writeFileString(`${root}/${PLUGIN}`, "#!/bin/sh\n")
  yield* fs.writeFileString(`${root}/${WORKFLOWS}`, "workflows: []\n")
  const ask = <A, E>(use: (trust: Trust["Service"]) => Effect.Effect<A, E>, layer = trustIn(root)) =>
    Trust.use(use).pipe(Effect.provide(layer))
  return { fs, root, ask }
})
type Workshop = Effect.Success<typeof workshop>

const live = <A, E>(name: string, test: Effect.Effect<A, E, NodeServices.NodeServices | Scope.Scope>) =>
  it.live(name, () => test.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

/** Approved, then changed: trusted no longer, and again once it is approved as it stands now. */
const withdraws = (name: string, change: (workshop: Workshop) => Effect.Effect<unknown, unknown>) =>
  live(
    name,
    Effect.gen(function*() {
      const parts = yield* workshop
      assert.isTrue((yield* parts.ask(({ approve }) => approve)).trusted)
      yield* change(parts)
      const status = yield* parts.ask(({ status }) => status)
      assert.isFalse(status.trusted)
      assert.notStrictEqual(status.hash, status.approvedHash)
      assert.isTrue((yield* parts.ask(({ approve }) => approve)).trusted)
    })
  )

describe("Trust", () => {
  live(
    "is given to nothing by itself, says what for, and can be taken back",
    Effect.gen(function*() {
      const { ask } = yield* workshop
      const refusal = yield* Effect.flip(ask((trust) => trust.require("a command phase wants to run")))
      assert.strictEqual(refusal._tag, "ProjectNotTrusted")
      assert.include(refusal.message, "a command phase wants to run")
      const approved = yield* ask(({ approve }) => approve)
      assert.deepStrictEqual(approved.files, [".animus/plugins/animus-plugin-own", ".animus/workflows.yaml"])
      yield* ask((trust) => trust.require("x"))
      yield* ask(({ revoke }) => revoke)
      assert.isFalse((yield* ask(({ status }) => status)).trusted)
    })
  )

  withdraws("ends with a changed byte", ({ fs, root }) => fs.writeFileString(`${root}/${WORKFLOWS}`, "workflows: {}\n"))
  withdraws("ends with an executable bit", ({ fs, root }) => fs.chmod(`${root}/${PLUGIN}`, 0o755))
  withdraws(
    "ends with a new file",
    ({ fs, root }) => fs.writeFileString(`${root}/project/.animus/workflows/extra.yml`, "phases: {}\n")
  )
  withdraws("ends with a removed file", ({ fs, root }) => fs.remove(`${root}/${PLUGIN}`))
  withdraws("ends with a renamed file", ({ fs, root }) => fs.rename(`${root}/${PLUGIN}`, `${root}/${PLUGIN}2`))
  withdraws(
    "ends with a file deep below plugins",
    ({ fs, root }) => fs.writeFileString(`${root}/project/.animus/plugins/lib/helper.sh`, "rm -rf /\n")
  )
  withdraws("ends with a link that takes a file's place, though the bytes stay", ({ fs, root }) =>
    Effect.andThen(
      fs.rename(`${root}/${PLUGIN}`, `${root}/project/.animus/plugins/lib/real`),
      fs.symlink("lib/real", `${root}/${PLUGIN}`)
    ))

  live(
    "survives what executes nothing",
    Effect.gen(function*() {
      const { ask, fs, root } = yield* workshop
      yield* ask(({ approve }) => approve)
      yield* fs.makeDirectory(`${root}/project/.animus/subjects`)
      yield* fs.writeFileString(`${root}/project/.animus/subjects/tasks.db`, "rows")
      yield* fs.writeFileString(`${root}/project/.animus/workflows/notes.md`, "text")
      assert.isTrue((yield* ask(({ status }) => status)).trusted)
    })
  )

  live(
    "cannot be given to links that lead out of the folder, or nowhere",
    Effect.gen(function*() {
      const { ask, fs, root } = yield* workshop
      const link = `${root}/project/.animus/plugins/animus-plugin-link`
      for (const target of ["../workflows.yaml", "../../../elsewhere", "missing", "/bin/sh"]) {
        yield* fs.symlink(target, link)
        const refusal = yield* Effect.flip(ask(({ approve }) => approve))
        assert.strictEqual(refusal._tag, "StateFolderUnusable")
        assert.include(refusal.message, "animus-plugin-link")
        yield* fs.remove(link)
      }
      assert.isTrue((yield* ask(({ approve }) => approve)).trusted)
    })
  )

  live(
    "does not spread to another project, nor lose others",
    Effect.gen(function*() {
      const { ask, fs, root } = yield* workshop
      yield* fs.makeDirectory(`${root}/twin/.animus`, { recursive: true })
      yield* fs.copy(`${root}/project/.animus`, `${root}/twin/.animus`)
      yield* ask(({ approve }) => approve)
      const twin = trustIn(root, `${root}/config`, "twin")
      assert.isFalse((yield* ask(({ status }) => status, twin)).trusted)
      yield* ask(({ approve }) => approve, twin)
      assert.isTrue((yield* ask(({ status }) => status)).trusted)
      assert.strictEqual((yield* fs.stat(`${root}/config/trust.json`)).mode & 0o777, 0o600)
    })
  )

  live(
    "is not taken from approvals that the project brings along",
    Effect.gen(function*() {
      const { ask, fs, root } = yield* workshop
      const { hash } = yield* ask(({ status }) => status)
      const folder = `${root}/project/.animus`
      yield* fs.writeFileString(`${folder}/trust.json`, JSON.stringify({ [`${root}/project`]: hash }))
      const own = trustIn(root, folder)
      assert.isFalse((yield* ask(({ status }) => status, own)).trusted)
      assert.strictEqual((yield* Effect.flip(ask(({ approve }) => approve, own)))._tag, "StateFolderUnusable")
    })
  )

  live(
    "fails closed on a damaged approvals file, and says where it is",
    Effect.gen(function*() {
      const { ask, fs, root } = yield* workshop
      yield* fs.makeDirectory(`${root}/config`)
      yield* fs.writeFileString(`${root}/config/trust.json`, "{")
      const error = yield* Effect.flip(ask((trust) => trust.require("x")))
      assert.strictEqual(error._tag, "StateFolderUnusable")
      assert.include(error.message, `trust file ${root}/config/trust.json cannot be used: it is damaged`)
    })
  )
})
