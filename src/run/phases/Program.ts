/**
 * A program that a phase executes: in a process group of its own, with a cleared environment, no stdin and a deadline.
 * Whatever the group leaves behind is ended with it. That this project may execute anything at all was established when the
 * run began; the definition is pinned since.
 */
import { Effect, Fiber, FileSystem, Option, Path, Record, Result, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { baseEnvironment } from "../../plugin/PluginEnvironment.ts"
import { HostEnvironment, markOf } from "../../project/HostEnvironment.ts"
import { resolveArgs, resolveEnv, secretHider, type SecretSources } from "../../workflow/ResolveEnv.ts"
import { crashPoint } from "../CrashPoint.ts"
import type { InFlight } from "../Position.ts"
import type { RunState } from "../RunState.ts"
import { fillIn } from "../Template.ts"
import { capture, type Captured, nothingCaptured } from "./CommandOutput.ts"
import { tell } from "./Telling.ts"

/** How long a group may take to go after it was asked to. */
const GRACE = "3 seconds"
/** How long output is still read once the program itself has ended: its descendants may hold the pipes open. */
const LAST_WORDS = "1 second"

export interface Program {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly secrets: SecretSources | undefined
  readonly timeoutSecs: number
  /** Relative to the folder that the phase works in, and never outside it. */
  readonly folder: string
}

export interface Ended {
  readonly exitCode: number
  readonly output: Captured
}

/** Where it works, and what `{{name}}` stands for there. */
export interface Workplace {
  readonly root: string
  readonly valuesIn: (cwd: string) => Readonly<Record<string, string>>
}

/** Fails with why it could not be carried out, in words. */
export const runProgram = Effect.fn("Program.run")(
  function*(state: RunState, attempt: InFlight, { root, valuesIn }: Workplace, given: Program) {
    const { folder, program, timeoutSecs } = given
    const cwd = yield* folderOf(root, folder)
    if (cwd === undefined) return yield* Effect.fail(`its folder ${folder} is not a folder inside the project`)
    const values = valuesIn(cwd)
    const own = yield* Effect.result(resolved(given))
    if (Result.isFailure(own)) return yield* Effect.fail(own.failure.message)
    const { args, env, hide } = own.success
    const { CLAUDECODE: _, ...filled } = Record.map(env, (value) => fillIn(value, values))
    const host = yield* HostEnvironment
    // Marked last: what this daemon starts, the next one has to find should this one be killed.
    const environment = { ...baseEnvironment(host.env), ...filled, ...markOf(host) }
    const command = ChildProcess.make(program, args.map((argument) => fillIn(argument, values)), {
      cwd,
      env: environment,
      extendEnv: false,
      stdin: "ignore",
      forceKillAfter: GRACE
    })
    return yield* execute(command, state, attempt, hide).pipe(
      Effect.mapError((error) => `${program} could not be run: ${error.message}`),
      Effect.timeoutOrElse({
        duration: timeoutSecs * 1000,
        orElse: () => Effect.fail(`${program} was ended: it took longer than ${timeoutSecs} s`)
      })
    )
  }
)

/** What only this process may know: a value is looked up here, and hidden in whatever the program says. */
const resolved = ({ args, env, secrets }: Program) =>
  Effect.all({ args: resolveArgs(args, secrets), env: resolveEnv(env, secrets), hide: secretHider(secrets) })

/** Symbolic links are followed before the check, so no link leads out of the project. */
const folderOf = Effect.fnUntraced(function*(projectRoot: string, cwd: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const real = yield* Effect.all([fs.realPath(projectRoot), fs.realPath(path.resolve(projectRoot, cwd))]).pipe(
    Effect.option
  )
  if (Option.isNone(real)) return undefined
  const [root, folder] = real.value
  const relative = path.relative(root, folder)
  return relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative) ? undefined : folder
})

const execute = Effect.fnUntraced(
  function*(command: ChildProcess.Command, state: RunState, attempt: InFlight, hide: (text: string) => string) {
    const handle = yield* command
    yield* crashPoint("command-spawned")
    let output = nothingCaptured
    const texts = Stream.merge(Stream.decodeText(handle.stdout), Stream.decodeText(handle.stderr))
    const reading = yield* texts.pipe(
      Stream.runForEachArray((chunk) => {
        const text = hide(chunk.join(""))
        output = capture(output, text)
        return tell(state.head.run, attempt, attempt.phase, [{ kind: "command", text }])
      }),
      Effect.catch((error) =>
        Effect.logWarning(`output of ${attempt.phase} could not be read to its end: ${error.message}`)
      ),
      Effect.forkScoped
    )
    const exitCode: number = yield* handle.exitCode
    yield* Effect.timeoutOption(Fiber.await(reading), LAST_WORDS)
    // A value that came in two pieces is whole only now.
    return { exitCode, output: hidden(output, hide) } satisfies Ended
  },
  Effect.scoped
)

const hidden = ({ dropped, head, tail }: Captured, hide: (text: string) => string): Captured => ({
  dropped,
  head: hide(head),
  tail: hide(tail)
})
