/** Plugins as child processes: an environment of their own, a process group of their own, three pipes. */
import { Cause, Effect, Layer, type PlatformError, Queue, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { PluginCrashed } from "../schemas/errors/PluginErrors.ts"
import { type PluginCommand, type PluginExit, type PluginPipes, PluginProcess } from "../src/plugin/PluginProcess.ts"

/** Between SIGTERM and SIGKILL. */
const KILL_AFTER = "2 seconds"

const detailOf = (error: PlatformError.PlatformError): string =>
  error.reason._tag === "NotFound" ? "there is no such file" : error.message

/** The spawner reports a fatal signal as a failure that names it. */
const exitOfFailure = (error: PlatformError.PlatformError): PluginExit => ({
  code: undefined,
  signal: /'(SIG[A-Z0-9]+)'/.exec(String(error.cause))?.[1] ?? "an unknown signal"
})

const spawn = Effect.fnUntraced(function*(
  spawner: ChildProcessSpawner.ChildProcessSpawner["Service"],
  { args, cwd, env, path, plugin }: PluginCommand
) {
  const crashed = (error: PlatformError.PlatformError) => new PluginCrashed({ plugin, detail: detailOf(error) })
  const handle = yield* spawner.spawn(
    ChildProcess.make(path, args, { cwd, env, extendEnv: false, detached: true, forceKillAfter: KILL_AFTER })
  ).pipe(Effect.mapError(crashed))

  // One text beside the one being written: whoever writes next waits here, as it would on the pipe.
  const outgoing = yield* Queue.bounded<string, Cause.Done>(1)
  yield* Stream.fromQueue(outgoing).pipe(
    Stream.encodeText,
    Stream.run(handle.stdin),
    // A broken pipe is told to writers by the closed queue, to everyone else by the end of the process.
    Effect.ignore,
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
    closeStdin: Effect.asVoid(Queue.end(outgoing)),
    exit: Effect.match(handle.exitCode, {
      onSuccess: (code): PluginExit => ({ code, signal: undefined }),
      onFailure: exitOfFailure
    })
  } satisfies PluginPipes
})

export const layer: Layer.Layer<PluginProcess, never, ChildProcessSpawner.ChildProcessSpawner> = Layer.effect(
  PluginProcess,
  Effect.map(ChildProcessSpawner.ChildProcessSpawner, (spawner) => ({ spawn: (command) => spawn(spawner, command) }))
)
