/** Plugins whose strings a test pulls: every spawn is handed out, its stdout holds a few writes, its end is the test's. */
import { type Cause, Deferred, Effect, Layer, Queue, Stream } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { type PluginCommand, type PluginExit, PluginProcess } from "../../src/plugin/PluginProcess.ts"

interface Frame {
  readonly id?: number
  readonly method: string
  readonly params?: Json
}

export interface Puppet {
  readonly command: PluginCommand
  /** The next frame the host wrote. */
  readonly take: Effect.Effect<Frame>
  /** Waits while the host does not read. */
  readonly send: (...frames: ReadonlyArray<object>) => Effect.Effect<void>
  readonly print: (text: string) => Effect.Effect<void>
  readonly stderr: (text: string) => Effect.Effect<void>
  readonly die: (exit: Partial<PluginExit>) => Effect.Effect<void>
  /** What the host did to it, in order: methods, "stdin closed", "killed". */
  readonly seen: Array<string>
}

export const accepted = (version = "1.1.0", cancellation = true) => ({
  protocol_version: version,
  plugin_info: { name: "puppet", version: "1.0.0", plugin_kind: "custom" },
  capabilities: { methods: [], cancellation }
})

const encoder = new TextEncoder()

const spawn = Effect.fnUntraced(function*(command: PluginCommand, pid: number) {
  const stdout = yield* Queue.bounded<Uint8Array, Cause.Done>(2)
  const stderr = yield* Queue.unbounded<Uint8Array, Cause.Done>()
  const stdin = yield* Queue.unbounded<Frame>()
  const exited = yield* Deferred.make<PluginExit>()
  const seen: Array<string> = []
  const print = (text: string) => Effect.asVoid(Queue.offer(stdout, encoder.encode(text)))
  const puppet: Puppet = {
    command,
    take: Queue.take(stdin),
    print,
    send: (...frames) => print(frames.map((frame) => JSON.stringify({ jsonrpc: "2.0", ...frame }) + "\n").join("")),
    stderr: (text) => Effect.asVoid(Queue.offer(stderr, encoder.encode(text))),
    die: ({ code, signal }) =>
      Effect.all([Deferred.succeed(exited, { code, signal }), Queue.end(stdout), Queue.end(stderr)], { discard: true }),
    seen
  }
  yield* Effect.addFinalizer(() =>
    Effect.andThen(Effect.sync(() => seen.push("killed")), puppet.die({ signal: "SIGTERM" }))
  )
  const pipes = {
    pid,
    stdout: Stream.fromQueue(stdout),
    stderr: Stream.fromQueue(stderr),
    write: (text: string) =>
      Effect.sync(() => {
        for (const line of text.trimEnd().split("\n")) {
          const frame: Frame = JSON.parse(line)
          seen.push(frame.method)
          Queue.offerUnsafe(stdin, frame)
        }
      }),
    closeStdin: Effect.sync(() => {
      seen.push("stdin closed")
    }),
    exit: Deferred.await(exited)
  }
  return { puppet, pipes }
})

/** `spawned` gives the processes in the order of their start. */
export const makeTheatre = Effect.gen(function*() {
  const spawned = yield* Queue.unbounded<Puppet>()
  let pid = 100
  const layer = Layer.succeed(PluginProcess, {
    spawn: (command) =>
      Effect.gen(function*() {
        const { pipes, puppet } = yield* spawn(command, ++pid)
        Queue.offerUnsafe(spawned, puppet)
        return pipes
      })
  })
  return { layer, spawned: Queue.take(spawned), waiting: Queue.size(spawned) }
})

/** Answers the handshake and waits for `initialized`. */
export const welcome = Effect.fnUntraced(function*(puppet: Puppet, result: object = accepted()) {
  const { id } = yield* puppet.take
  yield* puppet.send({ id, result })
  yield* puppet.take
})
