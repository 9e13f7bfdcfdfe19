/** One attempt of a command phase: what its program came to. */
import { Effect } from "effect"
import type { CommandEnded } from "../../../schemas/PhaseLaunch.ts"
import type { CommandPhase } from "../../../schemas/Workflow.ts"
import { checkOutput } from "../Contract.ts"
import { worsen } from "../Decision.ts"
import type { InFlight } from "../Position.ts"
import type { RunState } from "../RunState.ts"
import { workplaceOf } from "../Worktrees.ts"
import { excerpt, textOf } from "./CommandOutput.ts"
import { broken, type Outcome } from "./Outcome.ts"
import { runProgram } from "./Program.ts"

export const performCommand = Effect.fn("CommandPhase.perform")(
  function*(state: RunState, phase: CommandPhase, attempt: InFlight) {
    const { args, cwd: folder, env, program, secrets, timeout_secs: timeoutSecs } = phase
    const workplace = yield* workplaceOf(state, phase)
    const ended = yield* runProgram(state, attempt, workplace, { program, args, env, secrets, timeoutSecs, folder })
    return judge(phase, ended)
  },
  Effect.catch((error) => Effect.succeed(broken(typeof error === "string" ? error : error.message)))
)

const judge = (phase: CommandPhase, { exit_code: exitCode, output }: CommandEnded): Outcome => {
  const text = textOf(output)
  const succeeded = phase.success_exit_codes.includes(exitCode)
  const breach = succeeded ? checkOutput(phase, text) : undefined
  if (breach !== undefined) return broken(breach)
  const line = [phase.program, ...phase.args].join(" ")
  const derived = {
    verdict: succeeded ? phase.on_success_verdict : phase.on_failure_verdict,
    confidence: phase.confidence ?? 1,
    risk: succeeded ? "low" as const : phase.failure_risk ?? "medium" as const,
    reason: `${line} ended with exit code ${exitCode}`,
    guardrail_violations: [],
    evidence: succeeded ? [] : [{ kind: "custom", description: `${phase.category}_failed` }],
    source: "command" as const
  }
  return {
    _tag: "Concluded",
    decision: phase.parse_json_output ? worsen(derived, text) : derived,
    output: excerpt(text, phase.excerpt_max_chars, !succeeded, phase.failure_pattern),
    exitCode
  }
}
