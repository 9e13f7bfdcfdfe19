import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, type Scope } from "effect"
import { Digest } from "effect/crypto"
import { env } from "node:process"
import * as PluginProcessChild from "../../layers/PluginProcessChild.ts"
import * as ProcessTableLinux from "../../layers/ProcessTableLinux.ts"
import { PluginCatalog } from "../../src/plugin/PluginCatalog.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { Trust } from "../../src/project/Trust.ts"

const manifest = (name: string) =>
  JSON.stringify({
    name,
    version: "1.0.0",
    plugin_kind: "custom",
    description: "",
    protocol_version: "1.1.0",
    capabilities: []
  })

const layersFor = (root: string) => {
  const scope = Layer.succeed(ProjectScope, {
    projectRoot: `${root}/project`,
    projectDir: `${root}/project/.animus`,
    configDir: `${root}/config`,
    scopeDir: `${root}/config/scope`,
    socketPath: `${root}/config/scope/control.sock`
  })
  const host = Layer.succeed(HostEnvironment, { env: { PATH: env["PATH"] ?? "" }, cookie: root, generation: "1" })
  const trust = Trust.layer.pipe(Layer.provideMerge(scope))
  return PluginCatalog.layer.pipe(
    Layer.provide(PluginProcessChild.layer.pipe(Layer.provideMerge(ProcessTableLinux.layer))),
    Layer.provide(Digest.layerWebCrypto),
    Layer.provide(host),
    Layer.provideMerge(trust)
  )
}

const workshop = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "animus-catalog-" }), fs.realPath)
  yield* fs.makeDirectory(`${root}/project/.animus/plugins`, { recursive: true })
  yield* fs.makeDirectory(`${root}/config/plugins`, { recursive: true })
  const program = Effect.fnUntraced(function*(file: string, script: string) {
    yield* fs.writeFileString(`${root}/${file}`, `#!/bin/sh\n${script}\n`)
    yield* fs.chmod(`${root}/${file}`, 0o755)
  })
  return { root, fs, program }
})

const discover = (root: string) =>
  Effect.flatMap(PluginCatalog, ({ discovery }) => discovery).pipe(Effect.provide(layersFor(root)))

const live = <A, E>(name: string, test: Effect.Effect<A, E, NodeServices.NodeServices | Scope.Scope>) =>
  it.live(name, () => test.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

describe("discovery", () => {
  live(
    "executes nothing of a project before its user trusted it, and nothing of it any more once a byte changed",
    Effect.gen(function*() {
      const { fs, program, root } = yield* workshop
      const script = `echo ran >> ${root}/ran; echo '${manifest("animus-plugin-own")}'`
      yield* program("project/.animus/plugins/animus-plugin-own", script)

      const before = yield* discover(root)
      assert.deepStrictEqual(before.plugins, [])
      assert.include(before.warnings[0]?.reason, "animus trust")
      assert.isFalse(yield* fs.exists(`${root}/ran`))

      yield* Effect.flatMap(Trust, ({ approve }) => approve).pipe(Effect.provide(layersFor(root)))
      assert.deepStrictEqual((yield* discover(root)).plugins.map(({ name, source }) => [name, source]), [
        ["animus-plugin-own", "project_local"]
      ])
      assert.isTrue(yield* fs.exists(`${root}/ran`))

      yield* fs.remove(`${root}/ran`)
      yield* program("project/.animus/plugins/animus-plugin-own", `${script}; :`)
      assert.deepStrictEqual((yield* discover(root)).plugins, [])
      assert.isFalse(yield* fs.exists(`${root}/ran`))
    })
  )

  live(
    "explains each one that does not answer as it should, and its name stays taken",
    Effect.gen(function*() {
      const { fs, program, root } = yield* workshop
      yield* program("config/broken", "echo not json")
      yield* program("config/plugins/animus-plugin-fails", "echo boom >&2; exit 3")
      yield* program("config/plugins/animus-plugin-works", `echo '${manifest("animus-plugin-works")}'`)
      yield* program("config/plugins/animus-plugin-twin", `echo '${manifest("animus-plugin-taken")}'`)
      yield* program("config/plugins/something-else", "exit 0")
      yield* fs.writeFileString(
        `${root}/config/plugins.yaml`,
        `plugins:\n  animus-plugin-taken: { binary: ${root}/config/broken }\n`
      )
      const { plugins, warnings } = yield* discover(root)
      assert.deepStrictEqual(plugins.map(({ name }) => name), ["animus-plugin-works"])
      assert.deepStrictEqual(warnings.map(({ name }) => name).toSorted(), [
        "animus-plugin-fails",
        "animus-plugin-taken",
        "animus-plugin-taken"
      ])
      assert.include(warnings.find(({ name }) => name === "animus-plugin-fails")?.reason, "boom")
    })
  )
})
