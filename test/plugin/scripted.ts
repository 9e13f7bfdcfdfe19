/** Plugins for tests: programs over `Stdio` that say exactly what a test wants to hear, behind in-memory pipes. */
import { Cause, Effect, Layer, Queue, Stdio, Stream } from "effect"
import type { MemoryProgram } from "../../layers/PluginProcessMemory.ts"
import * as PluginProcessMemory from "../../layers/PluginProcessMemory.ts"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { PluginCatalog } from "../../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { Trust } from "../../src/project/Trust.ts"

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
    yield* stdio.stdin.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.runForEach((line) => Queue.offer(frames, JSON.parse(line))),
      Effect.ensuring(Queue.end(frames)),
      Effect.forkScoped
    )
    const print = (text: string) => Effect.orDie(Stream.run(Stream.make(text), stdio.stdout()))
    return yield* body({
      take: Queue.take(frames),
      say: (frame) => print(`${JSON.stringify(frame)}\n`),
      print,
      complain: (text) => Effect.orDie(Stream.run(Stream.make(text), stdio.stderr()))
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

const PATH = "/plugins/demo"

export const manifest: PluginManifest = {
  name: "demo",
  version: "1.0.0",
  plugin_kind: "custom",
  description: "says what the test wants",
  protocol_version: "1.1.0",
  capabilities: []
}

const surroundings = Layer.mergeAll(
  Layer.succeed(HostEnvironment, { env: { PATH: "/bin" }, cookie: "cookie", generation: "1" }),
  Layer.succeed(ProjectScope, {
    projectRoot: "/project",
    projectDir: "/project/.animus",
    configDir: "/config",
    scopeDir: "/config/scope",
    socketPath: "/config/scope/control.sock"
  }),
  Layer.succeed(Trust, {
    status: Effect.die("not asked in this test"),
    approve: Effect.die("not asked in this test"),
    revoke: Effect.void,
    require: () => Effect.void
  })
)

/** A host that knows one plugin, `demo`. */
export const hostOf = (program: MemoryProgram, facts: Partial<PluginManifest> = {}) => {
  const plugin = { name: "demo", path: PATH, source: "user_dir", manifest: { ...manifest, ...facts } } as const
  return PluginHost.layer.pipe(
    Layer.provide(Layer.succeed(
      PluginCatalog,
      PluginCatalog.fromDiscovery(Effect.succeed({ plugins: [plugin], warnings: [] }))
    )),
    Layer.provide(PluginProcessMemory.layer({ [PATH]: program })),
    Layer.provide(surroundings)
  )
}
