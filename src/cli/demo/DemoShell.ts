/**
 * The demo at a terminal of its own: it types the commands that a person would, at the real binary, and reads their JSON. So
 * it can show nothing that a person could not do.
 */
import { Effect, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { DemoFailed } from "../../../schemas/errors/DaemonErrors.ts"
import { Installation } from "../Installation.ts"
import { narrate } from "./Narrator.ts"

export interface DemoFolder {
  readonly root: string
  readonly project: string
  readonly state: string
}

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const Envelope = Schema.fromJsonString(Schema.Struct({ data: Schema.Unknown }))

const decodeLine = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))

const text = <E>(stream: Stream.Stream<Uint8Array, E>) => stream.pipe(Stream.decodeText(), Stream.mkString)

/** Runs a program to its end; its own failure is an answer, not being able to run it is the demo's. */
export const exec = Effect.fnUntraced(
  function*(folder: DemoFolder, command: string, args: ReadonlyArray<string>) {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const child = yield* spawner.spawn(ChildProcess.make(command, args, {
      cwd: folder.project,
      env: { ANIMUS_CONFIG_DIR: folder.state },
      extendEnv: true,
      stdin: "ignore",
      forceKillAfter: "2 seconds"
    }))
    const [stdout, stderr, exitCode] = yield* Effect.all([text(child.stdout), text(child.stderr), child.exitCode], {
      concurrency: 3
    })
    return { stdout, stderr, exitCode } satisfies Finished
  },
  Effect.scoped,
  (effect, _, command) =>
    effect.pipe(
      Effect.mapError((cause) => new DemoFailed({ detail: `${command} could not be run: ${cause.message}` })),
      Effect.timeoutOrElse({
        duration: "60 seconds",
        orElse: () => Effect.fail(new DemoFailed({ detail: `${command} did not end within 60 seconds` }))
      })
    )
)

/** What `animus <args>` answers, decoded. */
export const animus = Effect.fnUntraced(function*<S extends Schema.Top>(
  folder: DemoFolder,
  args: ReadonlyArray<string>,
  data: S
) {
  const { self: [command, ...prefix] } = yield* Installation
  yield* narrate(`$ animus ${args.map((arg) => /^[\w@%+=:,./-]+$/.test(arg) ? arg : JSON.stringify(arg)).join(" ")}`)
  const { exitCode, stderr, stdout } = yield* exec(folder, command, [...prefix, ...args, "--json"])
  if (exitCode !== 0) {
    return yield* new DemoFailed({ detail: `animus ${args.join(" ")} ended with ${exitCode}: ${stderr.trim()}` })
  }
  return yield* Schema.decodeUnknownEffect(Envelope)(stdout).pipe(
    Effect.flatMap((envelope) => Schema.decodeUnknownEffect(data)(envelope.data)),
    Effect.mapError((cause) =>
      new DemoFailed({ detail: `animus ${args.join(" ")} answered what it should not: ${cause.message}` })
    )
  )
})

/** Every JSON line that `animus <args>` prints, as it comes; ends with the command, however that ends. */
export const follow = Effect.fnUntraced(function*<E, R>(
  folder: DemoFolder,
  args: ReadonlyArray<string>,
  onLine: (line: unknown) => Effect.Effect<void, E, R>
) {
  const { self: [command, ...prefix] } = yield* Installation
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const child = yield* spawner.spawn(ChildProcess.make(command, [...prefix, ...args, "--json"], {
    cwd: folder.project,
    env: { ANIMUS_CONFIG_DIR: folder.state },
    extendEnv: true,
    stdin: "ignore",
    stderr: "ignore",
    forceKillAfter: "2 seconds"
  }))
  yield* child.stdout.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.mapEffect((line) => decodeLine(line)),
    Stream.runForEach(onLine)
  )
}, Effect.scoped)
