/**
 * One attempt of an agent phase. A provider failure is tried again, or elsewhere, only when it may pass and nothing of the
 * session was forwarded; an answer that lacks what its contract demands is asked for again in the same session; then the
 * phase's checks say whether it stands. The answer is the response's output alone.
 */
import { DateTime, Effect, Schedule } from "effect"
import type { SessionId } from "../../../schemas/Ids.ts"
import type { AgentRunResponse } from "../../../schemas/Provider.ts"
import type { SessionRecord } from "../../../schemas/SessionRecord.ts"
import type { AgentPhase } from "../../../schemas/Workflow.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { secretHider } from "../../workflow/ResolveEnv.ts"
import { agentRequest } from "../AgentRequest.ts"
import { committed } from "../Commit.ts"
import { contractBreach } from "../Contract.ts"
import { byDefault, readDecision } from "../Decision.ts"
import { continuationsOf, mayFailOver, mayRetry, type Target, targetsOf } from "../policy/Retry.ts"
import { worktreeOf } from "../policy/Worktree.ts"
import type { InFlight } from "../Position.ts"
import { resumeObstacle } from "../Recovery.ts"
import type { RunState } from "../RunState.ts"
import { workplaceOf } from "../Worktrees.ts"
import { type Conversation, converse, dispatch, type Question, type Unanswered } from "./AgentDispatch.ts"
import { checked } from "./Checks.ts"
import { secretsOf } from "./Hiding.ts"
import { broken, type Outcome } from "./Outcome.ts"
import { pending, type RecordWrites } from "./SessionRecords.ts"

const backoff = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("3 seconds")])

interface Performance<R> {
  /** Of the session that the attempt goes on with. */
  readonly record: SessionRecord | undefined
  readonly records: RecordWrites
  readonly asked: (session: SessionId, question: Question) => Effect.Effect<void, never, R>
}

export const performAgent = Effect.fn("AgentPhase.perform")(
  function*<R>(state: RunState, phase: AgentPhase, attempt: InFlight, { asked, record, records }: Performance<R>) {
    const resume = record?.provider_session_id ?? undefined
    const workplace = yield* workplaceOf(state, phase)
    const hide = yield* secretHider(secretsOf(phase))
    const promised = resume === undefined ? attempt.session : undefined
    const talk = converse({ state, phase, attempt, records, hide, asked, promised }, resume !== undefined)
    const { projectRoot } = yield* ProjectScope
    const ask = (target: Target, resume: string | undefined, prompt?: string) => {
      const place = { phase: phase.id, projectRoot, cwd: workplace.root }
      const request = agentRequest(state, phase, attempt, { place, resume, target })
      return dispatch(talk, { target, resume, request: prompt === undefined ? request : { ...request, prompt } })
    }
    const first: ReadonlyArray<Target> = record === undefined || resume === undefined
      ? targetsOf(phase)
      : [{ tool: record.provider, model: record.request?.model }]
    const outcome = yield* firstAnswer(talk, first, (target) => ask(target, resume)).pipe(
      Effect.flatMap(({ response, target }) =>
        untilComplete(talk, target, response, (session, prompt) => ask(target, session, prompt))
      ),
      Effect.flatMap((output) => judged(talk, output)),
      Effect.catch((error: Unanswered) => Effect.succeed(unperformed(talk, error, resume !== undefined)))
    )
    const final = yield* committed(state, phase, workplace.root, yield* checked(talk, workplace, outcome))
    return talk.usage.tokens === 0 && talk.usage.cost_usd === 0 ? final : { ...final, usage: talk.usage }
  },
  Effect.catchTag("WorktreeFailed", ({ message }) => Effect.succeed(broken(message)))
)

/**
 * Begins to write the record of the session that this attempt will begin with, beside the event that begins it: both take a
 * flush. Where it is known already, and of a first attempt alone: that record takes the place of no other. It is marked, since
 * without that event nothing of it was launched.
 */
export const foresee = Effect.fnUntraced(
  function*(state: RunState, phase: AgentPhase, attempt: InFlight, records: RecordWrites) {
    const { session } = attempt
    const [target] = targetsOf(phase)
    const inProject = worktreeOf(state.definition, phase).mode === "skip"
    if (attempt.attempt !== 1 || session === undefined || target === undefined || !inProject) return
    const { projectRoot } = yield* ProjectScope
    const place = { phase: phase.id, projectRoot, cwd: projectRoot }
    const request = agentRequest(state, phase, attempt, { place, target })
    const dispatched = { provider: target.tool, request, session, resume: undefined }
    const now = DateTime.formatIso(yield* DateTime.now)
    yield* records.startEarly({ ...pending({ state, phase, attempt }, dispatched, now), foreseen: true })
  }
)

/**
 * Of the targets in their order, each as often as it may be tried. A limit that one of them told of outlives the words of
 * others, but not that one of them may have been at work.
 */
const firstAnswer = Effect.fnUntraced(
  function*<R, R2>(
    talk: Conversation<R>,
    targets: ReadonlyArray<Target>,
    ask: (target: Target) => Effect.Effect<AgentRunResponse, Unanswered, R2>
  ) {
    const { phase } = talk
    let failed: Unanswered | undefined
    for (const target of targets) {
      const tried = yield* ask(target).pipe(
        Effect.retry({
          while: (error) => !talk.forwarded && error.limit === undefined && mayTryAgain(phase, error),
          times: Math.max(0, phase.max_attempts - 1),
          schedule: backoff
        }),
        Effect.result
      )
      if (tried._tag === "Success") return { target, response: tried.success }
      const { failure, limit, message } = tried.failure
      const inDoubt = limit === undefined && !mayBegin(phase, tried.failure)
      failed = failed?.limit === undefined || inDoubt ? tried.failure : failed
      if (talk.begun || !mayFailOver(failure)) break
      if (target !== targets.at(-1)) {
        yield* Effect.logInfo(
          `phase ${phase.id} goes on with its next target, since ${nameOf(target)} failed: ${message}`
        )
      }
    }
    return yield* Effect.fail<Unanswered>(failed ?? nobody)
  }
)

const nobody: Unanswered = { failure: "unknown", message: "no target", limit: undefined, launched: false }

/** What may have been at work is not begun again by itself, unless the author says that it may. */
const mayBegin = ({ idempotency, runtime }: AgentPhase, { failure, launched }: Unanswered) =>
  !launched || idempotency === "idempotent" || runtime?.retry_on?.includes(failure) === true

const mayTryAgain = (phase: AgentPhase, error: Unanswered) =>
  mayRetry(phase.runtime, error.failure) && mayBegin(phase, error)

const nameOf = ({ model, tool }: Target) => model === undefined ? tool : `${tool} with ${model}`

/** Asks the same session again for what its answer lacks. Comes back with all that it answered. */
const untilComplete = Effect.fnUntraced(
  function*<R, R2>(
    { attempt, phase }: Conversation<R>,
    { tool: provider }: Target,
    first: AgentRunResponse,
    ask: (session: string, prompt: string) => Effect.Effect<AgentRunResponse, Unanswered, R2>
  ) {
    let session = first.session_id
    let output = first.output
    for (let left = continuationsOf(phase); left > 0; left--) {
      const breach = contractBreach(phase, output, attempt.nonce)
      if (breach === undefined) break
      const own = session.trim() === "" ? null : session
      if ((yield* resumeObstacle(phase, { provider, provider_session_id: own })) !== undefined) break
      const more = yield* ask(session, lacking(breach, attempt))
      session = more.session_id.trim() === "" ? session : more.session_id
      output = `${output}\n${more.output}`
    }
    return output
  }
)

const lacking = (breach: string, { nonce }: InFlight) =>
  `Your answer is not complete: ${breach}.\nAnswer with what is missing, and nothing that you have done is done again. ` +
  `The nonce of this attempt is still ${nonce}.`

const judged = <R>({ attempt, phase }: Conversation<R>, output: string): Effect.Effect<Outcome> => {
  const breach = contractBreach(phase, output, attempt.nonce)
  if (breach !== undefined) return Effect.succeed(broken(breach))
  const decision = readDecision(output, attempt.nonce) ?? byDefault("finished without a decision")
  return Effect.succeed({ _tag: "Concluded", decision, output, exitCode: 0 })
}

const unperformed = <R>(
  { begun, forwarded }: Conversation<R>,
  { limit, message }: Unanswered,
  resuming: boolean
): Outcome => {
  if (limit !== undefined) return { _tag: "RateLimited", ...limit, begun }
  return resuming && !forwarded ? { _tag: "NotResumed", detail: message } : broken(message)
}
