/** A host over real plugin processes, with a cookie of its own, so that a test can prove that nothing stays behind. */
import { NodeServices } from "@effect/platform-node"
import { Context, Effect, FileSystem, Layer, Schedule, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import { env as ownEnv, execPath } from "node:process"
import { fileURLToPath } from "node:url"
import * as PluginProcessChild from "../../../layers/PluginProcessChild.ts"
import * as ProcessTableLinux from "../../../layers/ProcessTableLinux.ts"
import type { PluginManifest } from "../../../schemas/PluginManifest.ts"
import { PluginLock } from "../../../src/lock/PluginLock.ts"
import { PluginCatalog } from "../../../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../../../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../../../src/project/HostEnvironment.ts"
import { ProcessTable } from "../../../src/project/ProcessTable.ts"
import { ProjectScope } from "../../../src/project/ProjectScope.ts"
import { Trust } from "../../../src/project/Trust.ts"

export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/plugins/${name}.mjs`, import.meta.url))

const manifest: PluginManifest = {
  name: "fixture",
  version: "1.0.0",
  plugin_kind: "custom",
  description: "misbehaves",
  protocol_version: "1.1.0",
  capabilities: []
}

/** The Node that runs the tests also runs the fixtures. */
export const searchPath = `${execPath.slice(0, execPath.lastIndexOf("/"))}:${ownEnv["PATH"]}`

export const scopeAt = (root: string) =>
  Layer.succeed(ProjectScope, {
    projectRoot: root,
    projectDir: `${root}/.animus`,
    configDir: `${root}/config`,
    scopeDir: `${root}/config/scope`,
    socketPath: `${root}/config/scope/control.sock`
  })

const surroundings = (root: string, cookie: string, env: Readonly<Record<string, string>>) =>
  Layer.mergeAll(
    Layer.succeed(HostEnvironment, { env: { PATH: searchPath, ...env }, cookie, generation: "1" }),
    scopeAt(root),
    PluginLock.layerOpen,
    Layer.succeed(Trust, {
      status: Effect.die("no plugin of a project here"),
      approve: Effect.die("no plugin of a project here"),
      revoke: Effect.void,
      require: () => Effect.void
    })
  )

export interface Options {
  readonly manifest?: Partial<PluginManifest>
  readonly env?: Readonly<Record<string, string>>
}

/** What a test is told of where it is. */
export interface Place {
  readonly cookie: string
  /** The project, which is where plugins work; removed with the test. */
  readonly root: string
}

/** `programs`: which fixture runs under which name. */
const hostOf = (programs: Readonly<Record<string, string>>, { cookie, root }: Place, options: Options) => {
  const plugins = Object.entries(programs).map(([name, program]) => ({
    name,
    path: fixture(program),
    source: "user_dir",
    manifest: { ...manifest, name, ...options.manifest }
  } as const))
  return PluginHost.layer.pipe(
    Layer.provide(
      Layer.succeed(PluginCatalog, PluginCatalog.fromDiscovery(Effect.succeed({ plugins, warnings: [] })))
    ),
    Layer.provide(PluginProcessChild.layer),
    Layer.provide(surroundings(root, cookie, options.env ?? {}))
  )
}

/** What still runs with the cookie, or in the folder where only plugins work. */
export const runningAt = Effect.fnUntraced(function*({ cookie, root }: Place) {
  const table = yield* ProcessTable
  return [...yield* table.carrying(cookie), ...yield* table.workingIn(root)]
})

/** The same, a moment later; what a failed test shows must not outlive it. */
const leftOf = Effect.fnUntraced(function*(place: Place) {
  const table = yield* ProcessTable
  const left = yield* Effect.repeat(runningAt(place), {
    while: (rows) => rows.length > 0,
    schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo({ times: 20 }))
  }).pipe(Effect.andThen(runningAt(place)))
  yield* Effect.forEach(left, (row) => table.end(row, "SIGKILL"))
  return left
})

const newPlace = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "animus-workshop-" }), fs.realPath)
  return { cookie: randomUUID(), root } satisfies Place
})

const ground = Layer.provideMerge(ProcessTableLinux.layer, NodeServices.layer)

/** A host of these for several tests; with the last of them it ends, and what it leaves is a failure. */
export const sharedHost = (programs: Readonly<Record<string, string>>) =>
  Layer.effect(
    PluginHost,
    Effect.gen(function*() {
      const place = yield* newPlace
      const services = yield* Effect.context<ProcessTable>()
      const leavesNothing = Effect.flatMap(leftOf(place), (left) =>
        left.length === 0
          ? Effect.void
          : Effect.die(new Error(`left: ${left.map(({ command, pid }) => `${command} (${pid})`).join(", ")}`)))
      yield* Effect.addFinalizer(() => Effect.provideContext(leavesNothing, services))
      return Context.get(yield* Layer.build(hostOf(programs, place, {})), PluginHost)
    })
  ).pipe(Layer.provide(ground))

/** Runs `use` with a host of these, ends the host, and gives back what is still running with its cookie. */
export const withPlugins = Effect.fnUntraced(
  function*<A, E>(
    programs: Readonly<Record<string, string>>,
    use: (host: PluginHost["Service"], place: Place) => Effect.Effect<A, E, ProcessTable | Scope.Scope>,
    options: Options = {}
  ) {
    const place = yield* newPlace
    const result = yield* PluginHost.use((host) => Effect.scoped(use(host, place))).pipe(
      Effect.provide(hostOf(programs, place, options))
    )
    return { result, left: yield* leftOf(place) }
  },
  Effect.scoped,
  (effect) => Effect.provide(effect, ground)
)
