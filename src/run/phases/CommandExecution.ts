/**
 * A program in a process group of its own, with a cleared environment and no stdin. Whatever the group leaves behind is ended
 * with it. Secrets are looked up here, where the process is started, and hidden in whatever it prints.
 */
import { Effect, Fiber, Record, Stream } from "effect"
import { ChildProcess } from "effect/process"
import type { Captured, CommandEnded, CommandLaunch } from "../../../schemas/PhaseLaunch.ts"
import { baseEnvironment } from "../../plugin/PluginEnvironment.ts"
import { HostEnvironment, markOf } from "../../project/HostEnvironment.ts"
import { resolveArgs, resolveEnv, secretHider } from "../../workflow/ResolveEnv.ts"
import { type CommandHeard, CommandNotRun } from "../PhaseRunner.ts"
import { fillIn } from "../Template.ts"
import { capture, nothingCaptured } from "./CommandOutput.ts"

/** How long a group may take to go after it was asked to. */
const GRACE = "3 seconds"
/** How long output is still read once the program itself has ended: its descendants may hold the pipes open. */
const LAST_WORDS = "1 second"

/** What only the process that starts it may know. */
const resolved = ({ args, env, secrets }: CommandLaunch) =>
  Effect.all({ args: resolveArgs(args, secrets), env: resolveEnv(env, secrets), hide: secretHider(secrets) })

export const executeCommand = Effect.fn("CommandExecution.execute")(
  function*(launch: CommandLaunch, heard: CommandHeard) {
    const { cwd, program, values } = launch
    const { args, env, hide } = yield* resolved(launch)
    const { CLAUDECODE: _, ...given } = Record.map(env, (value) => fillIn(value, values))
    const host = yield* HostEnvironment
    const command = ChildProcess.make(program, args.map((argument) => fillIn(argument, values)), {
      cwd,
      // Marked last: what this daemon starts, the next one has to find should this one be killed.
      env: { ...baseEnvironment(host.env), ...given, ...markOf(host) },
      extendEnv: false,
      stdin: "ignore",
      forceKillAfter: GRACE
    })
    return yield* Effect.mapError(
      execute(command, heard, hide),
      ({ message }) => new CommandNotRun({ detail: `${program} could not be run: ${message}` })
    )
  },
  Effect.catchTag("InvalidInput", ({ message }) => Effect.fail(new CommandNotRun({ detail: message })))
)

const execute = Effect.fnUntraced(
  function*(command: ChildProcess.Command, heard: CommandHeard, hide: (text: string) => string) {
    const handle = yield* command
    yield* heard([{ _tag: "Spawned" }])
    let output = nothingCaptured
    const texts = Stream.merge(Stream.decodeText(handle.stdout), Stream.decodeText(handle.stderr))
    const reading = yield* texts.pipe(
      Stream.runForEachArray((chunk) => {
        const text = hide(chunk.join(""))
        output = capture(output, text)
        return heard([{ _tag: "Printed", text }])
      }),
      Effect.catch((error) => Effect.logWarning(`output of a command could not be read to its end: ${error.message}`)),
      Effect.forkScoped
    )
    const exit_code: number = yield* handle.exitCode
    yield* Effect.timeoutOption(Fiber.await(reading), LAST_WORDS)
    // A value that came in two pieces is whole only now.
    const ended: CommandEnded = { _tag: "CommandEnded", exit_code, output: hidden(output, hide) }
    return ended
  },
  Effect.scoped
)

const hidden = ({ dropped, head, tail }: Captured, hide: (text: string) => string): Captured => ({
  dropped,
  head: hide(head),
  tail: hide(tail)
})
