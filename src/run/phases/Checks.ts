/** The checks of an agent phase, after an agent that would advance: what they say decides whether its work stands. */
import { Clock, Effect } from "effect"
import type { AgentRunRequest } from "../../../schemas/Provider.ts"
import type { Evals } from "../../../schemas/Workflow.ts"
import type { CheckResult } from "../../../schemas/WorkflowPolicy.ts"
import { faultOf } from "../../agent/AgentSession.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { own } from "../../workflow/Own.ts"
import { present } from "../../workflow/Present.ts"
import { secretHider } from "../../workflow/ResolveEnv.ts"
import { launchedFor, PhaseRunner } from "../PhaseRunner.ts"
import { addUsage, usageOf } from "../policy/Budget.ts"
import { evalOutcome, judgePassed } from "../policy/Evals.ts"
import { limitOfError, limitOfResponse, type RateLimit } from "../RateLimit.ts"
import { fillIn } from "../Template.ts"
import { type Conversation, newSession } from "./AgentDispatch.ts"
import { saidIn } from "./AgentWords.ts"
import { excerpt, textOf } from "./CommandOutput.ts"
import { hiddenEvent } from "./Hiding.ts"
import type { Outcome } from "./Outcome.ts"
import { runProgram, type Workplace } from "./Program.ts"
import { tell } from "./Telling.ts"

/** Characters of what a check said that are kept, and told to whoever has to mend it. */
const SAID = 800

type Check = Evals["checks"][number]
type CheckOf<Kind> = Extract<Check, { readonly kind: Kind }>

const runCommand = Effect.fnUntraced(
  function*<R>({ attempt, state }: Conversation<R>, workplace: Workplace, check: CheckOf<"command">) {
    const { args, command: program, expected_exit, secrets, timeout_secs: timeoutSecs, working_dir: folder } = check
    const given = { program, args, env: {}, secrets, timeoutSecs, folder }
    const { exit_code: exitCode, output } = yield* runProgram(state, attempt, workplace, given)
    const passed = exitCode === expected_exit
    return { passed, said: `exit code ${exitCode}\n${excerpt(textOf(output), SAID, !passed)}`.trim() }
  },
  Effect.catch((said) => Effect.succeed({ passed: false, said }))
)

/** What is judged comes last and is fenced by nothing: a judge that it talks into passing is a poor judge, and says so in the journal. */
const judgePrompt = (prompt: string, output: string) =>
  `${prompt}\n\nBegin your answer with the word PASS or FAIL, then say why.\n\n## What is judged\n${output}`

const runJudge = Effect.fnUntraced(
  function*<R>(talk: Conversation<R>, { root, valuesIn }: Workplace, check: CheckOf<"llm_judge">, output: string) {
    const { attempt, state } = talk
    const { launch, model, system_prompt, timeout_secs, tool } = check
    const { projectRoot } = yield* ProjectScope
    const hide = yield* secretHider(launch?.secrets)
    const context = yield* Effect.context<Effect.Services<ReturnType<typeof tell>>>()
    const session = yield* newSession
    const request: AgentRunRequest = {
      prompt: judgePrompt(fillIn(check.prompt, valuesIn(root)), output),
      cwd: root,
      project_root: projectRoot,
      timeout_secs,
      env: {},
      ...present({
        model,
        system_prompt: system_prompt === undefined ? undefined : fillIn(system_prompt, valuesIn(root)),
        runtime_contract: launch === undefined ? undefined : { cli: { launch: present(launch) } }
      })
    }
    const runner = yield* PhaseRunner
    const response = yield* runner.agent(launchedFor(state, attempt), {
      session,
      tool,
      owner: state.head.run,
      request,
      onEvents: (events) =>
        Effect.provideContext(
          tell(state.head.run, attempt, session, events.map(hiddenEvent(hide)).map(saidIn)),
          context
        )
    })
    talk.usage = addUsage(talk.usage, usageOf(response))
    const fault = faultOf(response)
    if (fault === undefined) {
      return { passed: judgePassed(response.output), said: excerpt(hide(response.output), SAID, false) }
    }
    return unanswered(excerpt(hide(fault), SAID, false), limitOfResponse(response, [], yield* Clock.currentTimeMillis))
  },
  // What it was started with can be in no message of the daemon's own, and its own words may hold all of it.
  Effect.catch((error) =>
    Effect.map(Clock.currentTimeMillis, (now) => unanswered(error._tag, limitOfError(error, now)))
  )
)

const unanswered = (why: string, limit: RateLimit | undefined): Omit<CheckResult, "id"> => {
  const until = limit?.until === undefined ? "" : ` (a rate limit, until ${new Date(limit.until).toISOString()})`
  return { passed: false, said: `its judge gave no answer: ${why}${until}`, unanswered: true }
}

const resultOf = Effect.fnUntraced(
  function*<R>(talk: Conversation<R>, workplace: Workplace, check: Check, output: string) {
    const result: Omit<CheckResult, "id"> = check.kind === "command"
      ? yield* runCommand(talk, workplace, check)
      : yield* runJudge(talk, workplace, check, output)
    return { id: check.id, ...result }
  }
)

/** Only what would lead on is checked: a rework or a failure needs no second opinion. */
export const checked = Effect.fn("Checks.perform")(
  function*<R>(talk: Conversation<R>, workplace: Workplace, outcome: Outcome) {
    const { phase, state } = talk
    if (phase.evals === undefined || outcome._tag !== "Concluded" || outcome.decision.verdict !== "advance") {
      return outcome
    }
    const { decision, output } = outcome
    const checks = yield* Effect.forEach(phase.evals.checks, (check) => resultOf(talk, workplace, check, output))
    const came = evalOutcome(phase.evals, checks, own(state.recheckings, phase.id) ?? 0)
    switch (came._tag) {
      case "Passed":
        return { ...outcome, checks } satisfies Outcome
      case "Rework": {
        const sent = { ...decision, verdict: "rework", reason: came.reason, source: "evals" } as const
        return { ...outcome, decision: sent, checks } satisfies Outcome
      }
      case "Block":
        return { _tag: "Held", reason: came.reason, held: { decision, output, checks } } satisfies Outcome
    }
  }
)
