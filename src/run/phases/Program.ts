/**
 * A program that a phase executes, with a deadline and in a folder of the project. That this project may execute anything at
 * all was established when the run began; the definition is pinned since.
 */
import { Effect, FileSystem, Option, Path } from "effect"
import { CommandLaunch, type CommandSaid } from "../../../schemas/PhaseLaunch.ts"
import { crashPoint } from "../CrashPoint.ts"
import { launchedFor, PhaseRunner } from "../PhaseRunner.ts"
import type { InFlight } from "../Position.ts"
import type { RunState } from "../RunState.ts"
import { tell } from "./Telling.ts"

export interface Program extends Pick<CommandLaunch, "args" | "env" | "program"> {
  readonly secrets: CommandLaunch["secrets"] | undefined
  readonly timeoutSecs: number
  /** Relative to the folder that the phase works in, and never outside it. */
  readonly folder: string
}

/** Where it works, and what `{{name}}` stands for there. */
export interface Workplace {
  readonly root: string
  readonly valuesIn: (cwd: string) => Readonly<Record<string, string>>
}

/** Fails with why it could not be carried out, in words. */
export const runProgram = Effect.fn("Program.run")(
  function*(state: RunState, attempt: InFlight, { root, valuesIn }: Workplace, given: Program) {
    const { args, env, folder, program, secrets, timeoutSecs } = given
    const cwd = yield* folderOf(root, folder)
    if (cwd === undefined) return yield* Effect.fail(`its folder ${folder} is not a folder inside the project`)
    const launch = CommandLaunch.make({
      program,
      args,
      env,
      cwd,
      values: valuesIn(cwd),
      timeout_secs: timeoutSecs,
      ...(secrets === undefined ? {} : { secrets })
    })
    const runner = yield* PhaseRunner
    return yield* runner.command(launchedFor(state, attempt), launch, yield* hearing(state, attempt)).pipe(
      Effect.mapError(({ message }) => message),
      Effect.timeoutOrElse({
        duration: timeoutSecs * 1000,
        orElse: () => Effect.fail(`${program} was ended: it took longer than ${timeoutSecs} s`)
      })
    )
  }
)

const hearing = Effect.fnUntraced(function*(state: RunState, attempt: InFlight) {
  const context = yield* Effect.context<Effect.Services<ReturnType<typeof tell>>>()
  return (said: ReadonlyArray<CommandSaid>) => {
    const printed = said.flatMap((one) => one._tag === "Printed" ? [{ kind: "command", text: one.text }] : [])
    const told = tell(state.head.run, attempt, attempt.phase, printed)
    return Effect.provideContext(
      said.length > printed.length ? Effect.andThen(crashPoint("command-spawned"), told) : told,
      context
    )
  }
})

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
