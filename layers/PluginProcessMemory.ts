/**
 * Plugins in this process, behind the same pipes as real ones: a program over `Stdio`, found by the path of its command.
 * Closing the scope interrupts it, as a signal would. Nothing is buffered beyond a few writes, so back-pressure is real.
 */
import { Cause, Deferred, Effect, Exit, Layer, Queue, type Scope, Sink, Stdio, Stream } from "effect"
import { PluginCrashed } from "../schemas/errors/PluginErrors.ts"
import {
  type PluginCommand,
  type PluginExit,
  type PluginHeirs,
  type PluginPipes,
  PluginProcess
} from "../src/plugin/PluginProcess.ts"

/** Succeeds with its exit code; a failure or a defect is exit code 1. */
export type MemoryProgram = (command: PluginCommand) => Effect.Effect<number | void, unknown, Stdio.Stdio | Scope.Scope>

const PIPE_CAPACITY = 4
const FIRST_PID = 1_000_000_000

type Pipe = Queue.Queue<Uint8Array, Cause.Done>
const makePipe: Effect.Effect<Pipe> = Queue.bounded(PIPE_CAPACITY)

const encoder = new TextEncoder()
const into = (pipe: Pipe) =>
  Sink.forEach((data: string | Uint8Array) => Queue.offer(pipe, typeof data === "string" ? encoder.encode(data) : data))

const exitOf = (exit: Exit.Exit<number | void, unknown>): PluginExit => {
  if (Exit.isSuccess(exit)) return { code: exit.value ?? 0, signal: undefined }
  return Cause.hasInterruptsOnly(exit.cause) ? { code: undefined, signal: "SIGTERM" } : { code: 1, signal: undefined }
}

/** Of a process that starts none. */
export const childless: PluginHeirs = {
  now: Effect.succeed([]),
  end: () => Effect.succeed({ ended: [], survivors: [] }),
  endAllBut: () => Effect.succeed({ ended: [], survivors: [] }),
  survivors: () => []
}

const run = Effect.fnUntraced(function*(program: MemoryProgram, command: PluginCommand, pid: number) {
  const [stdin, stdout, stderr] = yield* Effect.all([makePipe, makePipe, makePipe])
  const exited = yield* Deferred.make<PluginExit>()
  const stdio = Stdio.make({
    args: Effect.succeed(command.args),
    stdin: Stream.fromQueue(stdin),
    stdout: () => into(stdout),
    stderr: () => into(stderr)
  })
  yield* Effect.scoped(program(command)).pipe(
    Effect.provideService(Stdio.Stdio, stdio),
    Effect.onExit((exit) =>
      Deferred.succeed(exited, exitOf(exit)).pipe(
        Effect.andThen(Queue.shutdown(stdin)),
        Effect.andThen(Effect.all([Queue.end(stdout), Queue.end(stderr)]))
      )
    ),
    // How it ended is in `exited`.
    Effect.ignoreCause,
    Effect.forkScoped
  )
  return {
    pid,
    stdout: Stream.fromQueue(stdout),
    stderr: Stream.fromQueue(stderr),
    write: (text) =>
      Effect.flatMap(
        Queue.offer(stdin, encoder.encode(text)),
        (taken) =>
          taken
            ? Effect.void
            : Effect.fail(new PluginCrashed({ plugin: command.plugin, detail: "its stdin is closed" }))
      ),
    closeStdin: Effect.asVoid(Queue.end(stdin)),
    deaf: Effect.never,
    heirs: childless,
    exit: Deferred.await(exited)
  } satisfies PluginPipes
})

export const layer = (programs: Readonly<Record<string, MemoryProgram>>): Layer.Layer<PluginProcess> =>
  Layer.sync(PluginProcess, () => {
    let pid = FIRST_PID
    return {
      spawn: (command) => {
        const program = programs[command.path]
        return program === undefined
          ? Effect.fail(new PluginCrashed({ plugin: command.plugin, detail: "there is no such file" }))
          : run(program, command, ++pid)
      }
    }
  })
