import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, FileSystem, Layer, Schedule, type Scope } from "effect"
import { env } from "node:process"
import * as PluginProcessChild from "../../layers/PluginProcessChild.ts"
import * as PluginSources from "../../layers/PluginSources.ts"
import * as PluginStoreFile from "../../layers/PluginStoreFile.ts"
import * as ProcessTableLinux from "../../layers/ProcessTableLinux.ts"
import * as SignatureSigstore from "../../layers/SignatureSigstore.ts"
import { Installer } from "../../src/install/Installer.ts"
import { PluginLock } from "../../src/lock/PluginLock.ts"
import { registryFault } from "../../src/plugin/Discovery.ts"
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
  return Layer.mergeAll(PluginCatalog.layer, Installer.layer).pipe(
    Layer.provide([PluginSources.layer, SignatureSigstore.layer]),
    Layer.provideMerge(PluginLock.layer),
    Layer.provide(PluginStoreFile.layer),
    Layer.provide(PluginProcessChild.layer.pipe(Layer.provideMerge(ProcessTableLinux.layer))),
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

const install = (root: string, file: string) =>
  Installer.use(({ install }) => install({ spec: { kind: "path", path: `${root}/${file}` }, policy: "warn" })).pipe(
    Effect.provide(layersFor(root))
  )

const discover = (root: string) =>
  Effect.flatMap(PluginCatalog, ({ discovery }) => discovery).pipe(Effect.provide(layersFor(root)))

const live = <A, E>(name: string, test: Effect.Effect<A, E, NodeServices.NodeServices | Scope.Scope>) =>
  it.live(name, () => test.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

describe("what cannot be used", () => {
  live(
    "is a registry that is no YAML: named with the place of the mistake, and what to do",
    Effect.gen(function*() {
      const { fs, root } = yield* workshop
      yield* fs.writeFileString(`${root}/config/plugins.yaml`, "plugins:\n  a: {{\n")
      const found = yield* discover(root)
      const fault = registryFault(found)
      assert.match(fault ?? "", /plugins\.yaml cannot be read: .* at line 3, column 1\. Mend it, then: animus daemon/)
      assert.notInclude(fault, "\n")
    })
  )

  live(
    "is a file that cannot be started: its install says so, without pointing to a log that it never wrote",
    Effect.gen(function*() {
      const { fs, root } = yield* workshop
      const file = "config/plugins/animus-plugin-noint"
      yield* fs.writeFileString(`${root}/${file}`, "#!/nonexistent/program\n")
      yield* fs.chmod(`${root}/${file}`, 0o755)
      const { message } = yield* Effect.flip(install(root, file))
      assert.include(message, "animus-plugin-noint --manifest failed: there is no such file")
      assert.notInclude(message, "animus logs")
      yield* fs.writeFileString(`${root}/${file}`, "no program of any kind\n")
      const other = yield* Effect.flip(install(root, file))
      assert.include(other.message, "animus-plugin-noint --manifest failed: ")
      assert.notInclude(other.message, "prlimit")
    })
  )
})

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
      const { admitted, own } = yield* Effect.gen(function*() {
        const { find } = yield* PluginCatalog
        const { admit } = yield* PluginLock
        const own = yield* find("animus-plugin-own")
        return { own, admitted: yield* admit(own) }
      }).pipe(Effect.provide(layersFor(root)))
      assert.strictEqual(own.source, "project_local")
      assert.isTrue(yield* fs.exists(`${root}/ran`))
      assert.isTrue(yield* fs.exists(admitted.path), "what is started in its place is there")
      assert.notStrictEqual(admitted.path, `${root}/project/.animus/plugins/animus-plugin-own`)

      yield* fs.remove(`${root}/ran`)
      yield* program("project/.animus/plugins/animus-plugin-own", `${script}; :`)
      assert.deepStrictEqual((yield* discover(root)).plugins, [])
      assert.isFalse(yield* fs.exists(`${root}/ran`))
    })
  )

  live(
    "executes nothing that nobody installed, says how to install it, and its name stays taken",
    Effect.gen(function*() {
      const { fs, program, root } = yield* workshop
      const answers = (name: string) => `echo ${name} >> ${root}/ran; echo '${manifest(name)}'`
      yield* program("config/broken", answers("animus-plugin-taken"))
      yield* program("config/plugins/animus-plugin-unlisted", answers("animus-plugin-unlisted"))
      yield* program("config/plugins/animus-plugin-works", `echo '${manifest("animus-plugin-works")}'`)
      yield* program("config/plugins/animus-plugin-twin", `echo '${manifest("animus-plugin-taken")}'`)
      yield* program("config/plugins/something-else", "exit 0")
      yield* fs.writeFileString(
        `${root}/config/plugins.yaml`,
        `plugins:\n  animus-plugin-taken: { binary: ${root}/config/broken }\n`
      )
      yield* install(root, "config/plugins/animus-plugin-works")
      yield* install(root, "config/plugins/animus-plugin-twin")
      const { plugins, warnings } = yield* discover(root)
      assert.deepStrictEqual(plugins.map(({ name, source }) => [name, source]), [["animus-plugin-works", "installed"]])
      assert.deepStrictEqual(warnings.map(({ name }) => name).toSorted(), [
        "animus-plugin-taken",
        "animus-plugin-taken",
        "animus-plugin-unlisted"
      ])
      const unlisted = warnings.find(({ name }) => name === "animus-plugin-unlisted")?.reason
      assert.include(unlisted, `animus plugin install --path ${root}/config/plugins/animus-plugin-unlisted`)
      assert.isFalse(yield* fs.exists(`${root}/ran`))
    })
  )

  live(
    "gives a registered name to what was installed from there, and starts the stored copy",
    Effect.gen(function*() {
      const { fs, program, root } = yield* workshop
      yield* program("mine", `echo '${manifest("animus-plugin-mine")}'`)
      yield* fs.writeFileString(
        `${root}/config/plugins.yaml`,
        `plugins:\n  other-name: { binary: ${root}/mine }\nproviders:\n`
      )
      yield* install(root, "mine")
      const { plugins, warnings } = yield* discover(root)
      assert.deepStrictEqual(warnings, [])
      assert.deepStrictEqual(plugins.map(({ name, source }) => [name, source]), [["other-name", "explicit_config"]])
      assert.match(plugins[0]?.path ?? "", /\/config\/store\/[0-9a-f]{64}\/mine$/)
    })
  )

  live(
    "asks nothing again that was asked when it was installed",
    Effect.gen(function*() {
      const { fs, program, root } = yield* workshop
      yield* program("slow", `echo asked >> ${root}/asked; echo '${manifest("animus-plugin-slow")}'`)
      yield* install(root, "slow")
      yield* discover(root)
      assert.strictEqual(yield* fs.readFileString(`${root}/asked`), "asked\n")
    })
  )

  live(
    "waits for nobody who is slow to say what it is, and has it once it did",
    Effect.gen(function*() {
      const { fs, program, root } = yield* workshop
      yield* program("project/.animus/plugins/animus-plugin-quick", `echo '${manifest("animus-plugin-quick")}'`)
      yield* program(
        "project/.animus/plugins/animus-plugin-slow",
        `until [ -e ${root}/say ]; do sleep 0.05; done; echo '${manifest("animus-plugin-slow")}'`
      )
      const context = yield* Layer.build(layersFor(root))
      yield* Effect.provideContext(Effect.flatMap(Trust, ({ approve }) => approve), context)
      const { discovery, find } = Context.get(context, PluginCatalog)
      // On a busy machine even the quick one may need more than the moment that a start waits for.
      const first = yield* Effect.repeat(discovery, {
        until: ({ plugins }) => plugins.length > 0,
        schedule: Schedule.spaced("20 millis")
      })
      assert.deepStrictEqual(first.plugins.map(({ name }) => name), ["animus-plugin-quick"])
      assert.include(first.warnings.find(({ name }) => name === "animus-plugin-slow")?.reason, "not yet answered")
      const waiting = yield* Effect.forkScoped(find("animus-plugin-slow"))
      yield* fs.writeFileString(`${root}/say`, "")
      assert.strictEqual((yield* Fiber.join(waiting)).name, "animus-plugin-slow")
      assert.deepStrictEqual((yield* discovery).warnings, [])
    })
  )
})
