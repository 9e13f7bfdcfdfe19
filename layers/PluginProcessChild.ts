/** Plugins as child processes: an environment of their own, a process group of their own, three pipes, no heirs. */
import { Cause, Deferred, Effect, Layer, type PlatformError, Queue, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { PluginCrashed } from "../schemas/errors/PluginErrors.ts"
import { type PluginCommand, type PluginExit, type PluginPipes, PluginProcess } from "../src/plugin/PluginProcess.ts"
import { endProcesses } from "../src/project/EndProcesses.ts"
import { COOKIE_VARIABLE, GENERATION_VARIABLE } from "../src/project/HostEnvironment.ts"
import { type ProcessRow, ProcessTable } from "../src/project/ProcessTable.ts"
import * as ProcessTableLinux from "./ProcessTableLinux.ts"

/** Between SIGTERM and SIGKILL. */
const KILL_AFTER = "2 seconds"

const detailOf = (error: PlatformError.PlatformError): string =>
  error.reason._tag === "NotFound" ? "there is no such file" : error.message

/** The spawner reports a fatal signal as a failure that names it. */
const exitOfFailure = (error: PlatformError.PlatformError): PluginExit => ({
  code: undefined,
  signal: /'(SIG[A-Z0-9]+)'/.exec(String(error.cause))?.[1] ?? "an unknown signal"
})

/** Still running for a plugin whose process has ended: in groups of their own, so that no signal to its group met them. */
const carriers = Effect.fnUntraced(function*({ env, plugin }: PluginCommand) {
  const cookie = env[COOKIE_VARIABLE]
  if (cookie === undefined) return []
  const table = yield* ProcessTable
  const marked = yield* table.carrying(cookie)
  return marked.filter((row) => row.plugin === plugin && row.generation === env[GENERATION_VARIABLE])
})

const nameOf = ({ command, pid }: ProcessRow) => `${command} (${pid})`

const endHeirs = Effect.fnUntraced(function*(command: PluginCommand, noted: ReadonlyArray<ProcessRow>) {
  const { ended, survivors } = yield* endProcesses([...noted, ...yield* carriers(command)])
  if (ended.length > 0) {
    yield* Effect.logInfo(`ended what plugin ${command.plugin} had left running: ${ended.map(nameOf).join(", ")}`)
  }
  if (survivors.length > 0) {
    const names = survivors.map(nameOf).join(", ")
    yield* Effect.logError(`cannot end what plugin ${command.plugin} left running: ${names}. Look at them`)
  }
})

const spawn = Effect.fnUntraced(function*(
  spawner: ChildProcessSpawner.ChildProcessSpawner["Service"],
  table: ProcessTable["Service"],
  command: PluginCommand
) {
  const { args, cwd, env, path, plugin } = command
  const crashed = (error: PlatformError.PlatformError) => new PluginCrashed({ plugin, detail: detailOf(error) })
  let noted: ReadonlyArray<ProcessRow> = []
  // Before the process itself is in the scope: its group is ended first.
  yield* Effect.addFinalizer(() =>
    Effect.provideService(Effect.suspend(() => endHeirs(command, noted)), ProcessTable, table)
  )
  const handle = yield* spawner.spawn(
    ChildProcess.make(path, args, { cwd, env, extendEnv: false, detached: true, forceKillAfter: KILL_AFTER })
  ).pipe(Effect.mapError(crashed))

  // One text beside the one being written: whoever writes next waits here, as it would on the pipe.
  const deaf = Deferred.makeUnsafe<void>()
  const outgoing = yield* Queue.bounded<string, Cause.Done>(1)
  yield* Stream.fromQueue(outgoing).pipe(
    Stream.encodeText,
    Stream.run(handle.stdin),
    // Whoever writes next is told by the closed queue.
    Effect.catch(() => Effect.asVoid(Deferred.succeed(deaf, undefined))),
    Effect.ensuring(Queue.shutdown(outgoing)),
    Effect.forkScoped
  )
  return {
    pid: handle.pid,
    stdout: Stream.mapError(handle.stdout, crashed),
    stderr: Stream.mapError(handle.stderr, crashed),
    write: (text) =>
      Effect.flatMap(
        Queue.offer(outgoing, text),
        (taken) => taken ? Effect.void : Effect.fail(new PluginCrashed({ plugin, detail: "its stdin is closed" }))
      ),
    deaf: Deferred.await(deaf),
    closeStdin: Effect.asVoid(Queue.end(outgoing)),
    exit: Effect.match(handle.exitCode, {
      onSuccess: (code): PluginExit => ({ code, signal: undefined }),
      onFailure: exitOfFailure
    }),
    noteFamily: Effect.map(table.descendants(handle.pid), (rows) => {
      noted = [...noted, ...rows]
    })
  } satisfies PluginPipes
})

export const layer: Layer.Layer<PluginProcess, never, ChildProcessSpawner.ChildProcessSpawner> = Layer.effect(
  PluginProcess,
  Effect.gen(function*() {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const table = yield* ProcessTable
    return { spawn: (command) => spawn(spawner, table, command) }
  })
).pipe(Layer.provide(ProcessTableLinux.layer))
