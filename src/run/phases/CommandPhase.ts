/**
 * One attempt of a command phase: a program in a process group of its own, with a cleared environment, no stdin and a
 * deadline. Whatever the group leaves behind is ended with it. That this project may execute anything at all was
 * established when the run began; the definition is pinned since.
 */
import { Effect, Fiber, FileSystem, Option, Path, Record, Result, Stream } from "effect"
import { ChildProcess } from "effect/process"
import type { CommandPhase } from "../../../schemas/Workflow.ts"
import { baseEnvironment } from "../../plugin/PluginEnvironment.ts"
import { HostEnvironment, markOf } from "../../project/HostEnvironment.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { resolveArgs, resolveEnv, secretHider } from "../../workflow/ResolveEnv.ts"
import { checkOutput } from "../Contract.ts"
import { crashPoint } from "../CrashPoint.ts"
import { worsen } from "../Decision.ts"
import type { InFlight } from "../Position.ts"
import type { RunState } from "../RunState.ts"
import { fillIn, templateValues } from "../Template.ts"
import { capture, type Captured, excerpt, nothingCaptured, textOf } from "./CommandOutput.ts"
import type { Outcome } from "./Outcome.ts"
import { tell } from "./Telling.ts"

/** How long a group may take to go after it was asked to. */
const GRACE = "3 seconds"
/** How long output is still read once the program itself has ended: its descendants may hold the pipes open. */
const LAST_WORDS = "1 second"

interface Ended {
  readonly exitCode: number
  readonly output: Captured
}

export const performCommand = Effect.fn("CommandPhase.perform")(
  function*(state: RunState, phase: CommandPhase, attempt: InFlight) {
    const { projectRoot } = yield* ProjectScope
    const cwd = yield* folderOf(projectRoot, phase.cwd)
    if (cwd === undefined) return broken(`its folder ${phase.cwd} is not a folder inside the project`)
    const values = templateValues(state, { phase: phase.id, projectRoot, cwd })
    const own = yield* Effect.result(resolved(phase))
    if (Result.isFailure(own)) return broken(own.failure.message)
    const { args, env, hide } = own.success
    const { CLAUDECODE: _, ...given } = Record.map(env, (value) => fillIn(value, values))
    const host = yield* HostEnvironment
    // Marked last: what this daemon starts, the next one has to find should this one be killed.
    const environment = { ...baseEnvironment(host.env), ...given, ...markOf(host) }
    const command = ChildProcess.make(phase.program, args.map((argument) => fillIn(argument, values)), {
      cwd,
      env: environment,
      extendEnv: false,
      stdin: "ignore",
      forceKillAfter: GRACE
    })
    return yield* execute(command, state, attempt, hide).pipe(
      Effect.map((ended) => judge(phase, ended)),
      Effect.timeoutOrElse({
        duration: phase.timeout_secs * 1000,
        orElse: () => Effect.succeed(broken(`${phase.program} was ended: it took longer than ${phase.timeout_secs} s`))
      }),
      Effect.catch((error) => Effect.succeed(broken(`${phase.program} could not be run: ${error.message}`)))
    )
  }
)

/** What only this process may know: a value is looked up here, and hidden in whatever the program says. */
const resolved = ({ args, env, secrets }: CommandPhase) =>
  Effect.all({ args: resolveArgs(args, secrets), env: resolveEnv(env, secrets), hide: secretHider(secrets) })

const broken = (error: string): Outcome => ({ _tag: "Broken", error })

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
    return { exitCode, output: hidden(output, hide) }
  },
  Effect.scoped
)

const hidden = ({ dropped, head, tail }: Captured, hide: (text: string) => string): Captured => ({
  dropped,
  head: hide(head),
  tail: hide(tail)
})

const judge = (phase: CommandPhase, { exitCode, output }: Ended): Outcome => {
  const text = textOf(output)
  const succeeded = phase.success_exit_codes.includes(exitCode)
  const breach = succeeded ? checkOutput(phase, text) : undefined
  if (breach !== undefined) return broken(breach)
  const line = [phase.program, ...phase.args].join(" ")
  const derived = {
    verdict: succeeded ? phase.on_success_verdict : phase.on_failure_verdict,
    confidence: 1,
    risk: succeeded ? "low" as const : "medium" as const,
    reason: `${line} ended with exit code ${exitCode}`,
    guardrail_violations: [],
    evidence: succeeded ? [] : [{ kind: "custom", description: `${phase.category}_failed` }],
    source: "command" as const
  }
  return {
    _tag: "Concluded",
    decision: phase.parse_json_output ? worsen(derived, text) : derived,
    output: excerpt(text, phase.excerpt_max_chars, !succeeded),
    exitCode
  }
}
