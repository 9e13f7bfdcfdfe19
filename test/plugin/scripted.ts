/**
 * Plugins for tests: programs over `Stdio` that say exactly what a test wants to hear, behind in-memory pipes. Scripts run by
 * themselves; a puppet does what the test tells it at that moment.
 */
import { Cause, Deferred, Effect, Layer, Queue, Stdio, Stream } from "effect"
import type { MemoryProgram } from "../../layers/PluginProcessMemory.ts"
import * as PluginProcessMemory from "../../layers/PluginProcessMemory.ts"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { PluginLock } from "../../src/lock/PluginLock.ts"
import { PluginCatalog, type PluginSource } from "../../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import type { Trust } from "../../src/project/Trust.ts"

export interface Incoming {
  readonly id?: number
  readonly method: string
  readonly params?: unknown
}

export interface Talk {
  /** The next frame of the host; ends the program when stdin ends. */
  readonly take: Effect.Effect<Incoming, Cause.Done>
  readonly say: (frame: unknown) => Effect.Effect<void>
  readonly print: (text: string) => Effect.Effect<void>
  readonly complain: (text: string) => Effect.Effect<void>
  /** What the host did to it, in order: methods, then "stdin closed". */
  readonly seen: Array<string>
}

export const initializeResult = (capabilities: Record<string, unknown> = {}, protocol = "1.1.0") => ({
  protocol_version: protocol,
  plugin_info: { name: "demo", version: "1.0.0", plugin_kind: "custom" },
  capabilities: { methods: [], ...capabilities }
})

/** Exit code 0 when the script or stdin ends. */
export const script = (body: (talk: Talk) => Effect.Effect<number | void, Cause.Done>): MemoryProgram => () =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    const frames = yield* Queue.bounded<Incoming, Cause.Done>(16)
    const seen: Array<string> = []
    yield* stdio.stdin.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.runForEach((line) => {
        const frame: Incoming = JSON.parse(line)
        seen.push(frame.method)
        return Queue.offer(frames, frame)
      }),
      Effect.andThen(Effect.sync(() => seen.push("stdin closed"))),
      Effect.ensuring(Queue.end(frames)),
      Effect.forkScoped
    )
    const print = (text: string) => Effect.orDie(Stream.run(Stream.make(text), stdio.stdout()))
    return yield* body({
      take: Queue.take(frames),
      say: (frame) => print(`${JSON.stringify(frame)}\n`),
      print,
      complain: (text) => Effect.orDie(Stream.run(Stream.make(text), stdio.stderr())),
      seen
    }).pipe(Effect.catch(() => Effect.succeed(0)))
  })

export const answer = (id: number | undefined, result: unknown) => ({ jsonrpc: "2.0", id, result })
export const refuse = (id: number | undefined, code: number, message: string) => ({
  jsonrpc: "2.0",
  id,
  error: { code, message }
})
export const note = (method: string, params: unknown = {}) => ({ jsonrpc: "2.0", method, params })

/** Takes part in the handshake. */
export const greet = ({ say, take }: Talk, capabilities: Record<string, unknown> = {}) =>
  Effect.gen(function*() {
    const { id } = yield* take
    yield* say(answer(id, initializeResult(capabilities)))
    yield* take
  })

/** Takes part in the handshake, then hands every further frame to `on`. */
export const serving = (
  on: (frame: Incoming, talk: Talk) => Effect.Effect<number | void, Cause.Done>,
  capabilities: Record<string, unknown> = {}
): MemoryProgram =>
  script((talk) =>
    Effect.gen(function*() {
      yield* greet(talk, capabilities)
      while (true) {
        const frame = yield* talk.take
        if (frame.method === "shutdown") yield* talk.say(answer(frame.id, {}))
        else if (frame.method === "exit") return 0
        else {
          const code = yield* on(frame, talk)
          if (typeof code === "number") return code
        }
      }
    })
  )

export interface Puppet extends Talk {
  readonly exit: (code: number) => Effect.Effect<void>
  readonly kill: Effect.Effect<void>
}

/** A program whose every start is handed out by `spawned`. After "stdin closed", `seen` says "killed" if it came to that. */
export const makePuppets = Effect.gen(function*() {
  const puppets = yield* Queue.unbounded<Puppet>()
  const program = script((talk) =>
    Effect.gen(function*() {
      const end = yield* Deferred.make<number>()
      Queue.offerUnsafe(puppets, {
        ...talk,
        exit: (code) => Effect.asVoid(Deferred.succeed(end, code)),
        kill: Effect.asVoid(Deferred.interrupt(end))
      })
      return yield* Deferred.await(end)
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => talk.seen.push("killed"))))
  )
  return { program, spawned: Queue.take(puppets) }
})

export const PATH = "/plugins/demo"

export const manifest: PluginManifest = {
  name: "demo",
  version: "1.0.0",
  plugin_kind: "custom",
  description: "says what the test wants",
  protocol_version: "1.1.0",
  capabilities: []
}

const surroundings = (trust: Trust["Service"]["require"], env: Readonly<Record<string, string>> = {}) =>
  Layer.mergeAll(
    Layer.succeed(HostEnvironment, { env: { PATH: "/bin", ...env }, cookie: "cookie", generation: "1" }),
    Layer.succeed(ProjectScope, {
      projectRoot: "/project",
      projectDir: "/project/.animus",
      configDir: "/config",
      scopeDir: "/config/scope",
      socketPath: "/config/scope/control.sock"
    }),
    Layer.succeed(PluginLock, {
      admit: ({ name, path, source }) =>
        Effect.as(source === "project_local" ? trust(`plugin ${name} was to be started`) : Effect.void, {
          path,
          key: ""
        }),
      inspect: () => Effect.void
    })
  )

interface Place {
  readonly source: PluginSource
  readonly trust: Trust["Service"]["require"]
}

/** A host that knows these plugins of the user's own, and was started with this environment beside its `PATH`. */
export const hostOfAll = (
  programs: Readonly<Record<string, MemoryProgram>>,
  env: Readonly<Record<string, string>> = {}
) => {
  const plugins = Object.keys(programs).map((name) =>
    ({ name, path: name, source: "user_dir", manifest: { ...manifest, name } }) as const
  )
  const catalog = PluginCatalog.fromDiscovery(Effect.succeed({ plugins, warnings: [] }))
  return PluginHost.layer.pipe(
    Layer.provide(Layer.succeed(PluginCatalog, catalog)),
    Layer.provide(PluginProcessMemory.layer(programs)),
    Layer.provide(surroundings(() => Effect.void, env))
  )
}

/** A host that knows one plugin, `demo`, by default one of the user's own. */
export const hostOf = (
  program: MemoryProgram,
  facts: Partial<PluginManifest> = {},
  { source, trust }: Place = { source: "user_dir", trust: () => Effect.void }
) => {
  const plugin = { name: "demo", path: PATH, source, manifest: { ...manifest, ...facts } }
  return PluginHost.layer.pipe(
    Layer.provide(Layer.succeed(
      PluginCatalog,
      PluginCatalog.fromDiscovery(Effect.succeed({ plugins: [plugin], warnings: [] }))
    )),
    Layer.provide(PluginProcessMemory.layer({ [PATH]: program })),
    Layer.provide(surroundings(trust))
  )
}
