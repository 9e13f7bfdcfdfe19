/** Plugins as child processes: an environment of their own, a process group of their own, three pipes, no heirs. */
import { Deferred, Effect, Layer, type PlatformError, type Sink, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { PluginCrashed } from "../schemas/errors/PluginErrors.ts"
import {
  type PluginCommand,
  type PluginExit,
  type PluginHeirs,
  type PluginPipes,
  PluginProcess
} from "../src/plugin/PluginProcess.ts"
import { type Ended, endFamily, find } from "../src/project/EndProcesses.ts"
import { heirsBut, heirsOf, type Kin, kinAmong, nameOf, type Traces } from "../src/project/Family.ts"
import { COOKIE_VARIABLE, GENERATION_VARIABLE, PLUGIN_VARIABLE } from "../src/project/HostEnvironment.ts"
import { ProcessRecords } from "../src/project/ProcessRecords.ts"
import { type ProcessRow, ProcessTable } from "../src/project/ProcessTable.ts"
import { limited } from "./LimitMark.ts"
import { Outgoing } from "./Outgoing.ts"
import * as ProcessTableLinux from "./ProcessTableLinux.ts"

/** Between SIGTERM and SIGKILL. */
const KILL_AFTER = "2 seconds"
/** In place of a start time nobody could read: whatever runs is younger, and only traces of its own make it an heir. */
const GONE = "0"

const detailOf = (error: PlatformError.PlatformError): string =>
  error.reason._tag === "NotFound" ? "there is no such file" : error.message

/** The spawner reports a fatal signal as a failure that names it. */
const exitOfFailure = (error: PlatformError.PlatformError): PluginExit => ({
  code: undefined,
  signal: /'(SIG[A-Z0-9]+)'/.exec(String(error.cause))?.[1] ?? "an unknown signal"
})

const endingOf = Effect.fnUntraced(function*({ plugin }: PluginCommand, { ended, survivors }: Ended) {
  if (ended.length > 0) {
    yield* Effect.logInfo(`ended what plugin ${plugin} had left running: ${ended.map(nameOf).join(", ")}`)
  }
  if (survivors.length > 0) {
    const names = survivors.map(nameOf).join(", ")
    yield* Effect.logError(`cannot end what plugin ${plugin} left running: ${names}. See: animus plugin orphans`)
  }
})

interface Means {
  readonly spawner: ChildProcessSpawner.ChildProcessSpawner["Service"]
  readonly table: ProcessTable["Service"]
  readonly records: typeof ProcessRecords.Service
}

/** One process with its heirs, from just after its start until nothing of it is left. */
class Household {
  survivors: ReadonlyArray<ProcessRow> = []
  private readonly command: PluginCommand
  private readonly traces: Traces
  private readonly means: Means
  private readonly kin: Kin

  constructor(command: PluginCommand, traces: Traces, means: Means) {
    this.command = command
    this.traces = traces
    this.means = means
    this.kin = heirsOf(traces)
  }

  get remember(): Effect.Effect<void> {
    return this.means.records.keep(this.traces)
  }

  get end(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      this.kin.lookAgain()
      const ended = yield* endFamily(this.kin)
      this.survivors = ended.survivors
      yield* endingOf(this.command, ended)
      if (ended.survivors.length === 0) yield* this.means.records.drop(this.traces)
    }).pipe(Effect.provideService(ProcessTable, this.means.table))
  }

  get heirs(): PluginHeirs {
    const on = <A>(effect: Effect.Effect<A, never, ProcessTable>) =>
      Effect.provideService(effect, ProcessTable, this.means.table)
    return {
      now: on(Effect.suspend(() => find(this.kin))),
      end: (rows) => on(endFamily(kinAmong(this.traces, rows))),
      endAllBut: (rows) => on(endFamily(heirsBut(this.traces, rows))),
      survivors: () => this.survivors
    }
  }
}

const tracesOf = (
  { env, plugin }: PluginCommand,
  { pid, startTime }: ProcessRow,
  stdio: ReadonlyArray<string>,
  limit: number | undefined
): Traces => ({
  plugin: env[PLUGIN_VARIABLE] ?? plugin,
  pid,
  startTime,
  cookie: env[COOKIE_VARIABLE] ?? "",
  generation: env[GENERATION_VARIABLE] ?? "",
  stdio,
  ...(limit === undefined ? {} : { limit })
})

/** It writes texts as they are, though its type speaks of bytes: a copy of each in bytes is a fifth of what a call costs. */
const textSink = ({ stdin }: ChildProcessSpawner.ChildProcessHandle) =>
  stdin as Sink.Sink<void, string | Uint8Array, never, PlatformError.PlatformError>

const spawn = Effect.fnUntraced(function*(means: Means, command: PluginCommand) {
  const { spawner, table } = means
  const { cwd, env, plugin } = command
  const crashed = (error: PlatformError.PlatformError) => new PluginCrashed({ plugin, detail: detailOf(error) })
  let household: Household | undefined
  // Before the process itself is in the scope: its group is ended first.
  yield* Effect.addFinalizer(() => Effect.suspend(() => household?.end ?? Effect.void))
  const { args, limit, path } = limited(command)
  const start = Effect.gen(function*() {
    const handle = yield* spawner.spawn(
      ChildProcess.make(path, args, { cwd, env, extendEnv: false, detached: true, forceKillAfter: KILL_AFTER })
    )
    const { row, stdio } = (yield* table.identify(handle.pid)) ??
      { row: { pid: handle.pid, startTime: GONE, command: "" }, stdio: [] }
    const known = new Household(command, tracesOf(command, row, stdio, limit), means)
    household = known
    yield* known.remember
    return { handle, heirs: known.heirs }
  })
  const { handle, heirs } = yield* Effect.mapError(Effect.uninterruptible(start), crashed)

  const deaf = Deferred.makeUnsafe<void>()
  const outgoing = new Outgoing()
  yield* Stream.fromPull(Effect.succeed(outgoing.next)).pipe(
    Stream.run(textSink(handle)),
    // Whoever writes next is told by the handover.
    Effect.catch(() => Effect.asVoid(Deferred.succeed(deaf, undefined))),
    Effect.ensuring(Effect.sync(() => outgoing.abandon())),
    Effect.forkScoped
  )
  return {
    pid: handle.pid,
    stdout: Stream.mapError(handle.stdout, crashed),
    stderr: Stream.mapError(handle.stderr, crashed),
    write: (text) =>
      Effect.flatMap(
        outgoing.give(text),
        (taken) => taken ? Effect.void : Effect.fail(new PluginCrashed({ plugin, detail: "its stdin is closed" }))
      ),
    deaf: Deferred.await(deaf),
    closeStdin: Effect.sync(() => outgoing.end()),
    exit: Effect.match(handle.exitCode, {
      onSuccess: (code): PluginExit => ({ code, signal: undefined }),
      onFailure: exitOfFailure
    }),
    heirs
  } satisfies PluginPipes
})

export const layer: Layer.Layer<PluginProcess, never, ChildProcessSpawner.ChildProcessSpawner> = Layer.effect(
  PluginProcess,
  Effect.gen(function*() {
    const means: Means = {
      spawner: yield* ChildProcessSpawner.ChildProcessSpawner,
      table: yield* ProcessTable,
      records: yield* ProcessRecords
    }
    return { spawn: (command) => spawn(means, command) }
  })
).pipe(Layer.provide(ProcessTableLinux.layer))
