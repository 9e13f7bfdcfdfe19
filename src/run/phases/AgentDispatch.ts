/**
 * One session of an attempt, from its record to its answer. The record is durable before anything is launched, and whatever
 * the provider says reaches the run in order; what the phase's secrets stand for is in none of it.
 */
import { Clock, Deferred, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import type { SessionStoreFailed } from "../../../schemas/errors/RunErrors.ts"
import { SessionId } from "../../../schemas/Ids.ts"
import { ErrorCode } from "../../../schemas/JsonRpc.ts"
import type { AgentNotification, AgentRunRequest, AgentRunResponse } from "../../../schemas/Provider.ts"
import type { AgentPhase } from "../../../schemas/Workflow.ts"
import type { FailureToken, Usage } from "../../../schemas/WorkflowPolicy.ts"
import { type AgentError, faultOf } from "../../agent/AgentSession.ts"
import type { SessionStore } from "../../session/SessionStore.ts"
import { crashPoint } from "../CrashPoint.ts"
import { launchedFor, PhaseRunner } from "../PhaseRunner.ts"
import { addUsage, nothingUsed, usageOf } from "../policy/Budget.ts"
import { failureOf } from "../policy/Failure.ts"
import type { Target } from "../policy/Retry.ts"
import { allowsTool } from "../policy/ToolPolicy.ts"
import type { InFlight } from "../Position.ts"
import { limitOfError, limitOfResponse, type RateLimit } from "../RateLimit.ts"
import type { RunState } from "../RunState.ts"
import { patiently } from "../StorePatience.ts"
import { saidIn } from "./AgentWords.ts"
import { hiddenEvent, hiddenResponse, type Hide, secretsOf } from "./Hiding.ts"
import { recordKeeper, type RecordWrites } from "./SessionRecords.ts"
import { tell } from "./Telling.ts"

/** How much of what a provider says beside the agent's own words is kept to explain a failure. */
const NOTICES = 20

export const newSession = Effect.map(SecureRandom.SecureRandom.use((random) => random.uuidV4()), SessionId.make)

export type Question = Extract<AgentNotification, { readonly _tag: "InteractionRequested" }>
type Notifying = Effect.Services<ReturnType<typeof tell>>

/** The attempt as far as it came, over all of its sessions. */
export interface Conversation<R> {
  readonly state: RunState
  readonly phase: AgentPhase
  readonly attempt: InFlight
  readonly hide: Hide
  readonly records: RecordWrites
  /** Told before anything that the session says after it. */
  readonly asked: (session: SessionId, question: Question) => Effect.Effect<void, never, R>
  /** Anything at all was heard. */
  forwarded: boolean
  /** Something of the work itself was heard. */
  begun: boolean
  notices: ReadonlyArray<AgentNotification>
  usage: Usage
  /** What the journal promised for the first session. */
  promised: SessionId | undefined
}

export const converse = <R>(
  fixed: Pick<Conversation<R>, "asked" | "attempt" | "hide" | "phase" | "promised" | "records" | "state">,
  begun: boolean
): Conversation<R> => ({ ...fixed, forwarded: false, begun, notices: [], usage: nothingUsed })

/** A session that gave no answer. */
export interface Unanswered {
  readonly failure: FailureToken
  readonly message: string
  readonly limit: RateLimit | undefined
  /** Whether the agent may have been at work: neither a connection that was lost nor a provider that ran out of time tells. */
  readonly launched: boolean
}

export interface Turn {
  readonly target: Target
  readonly request: AgentRunRequest
  /** The provider's own session to go on with. */
  readonly resume: string | undefined
}

const inWords = <A, R>(
  effect: Effect.Effect<A, AgentError | SessionStoreFailed, R>,
  hide: Hide
): Effect.Effect<A, Unanswered, R> =>
  Effect.catch(effect, (error) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const limit = limitOfError(error, now)
      const failure = error._tag === "SessionStoreFailed" ? "unknown" : failureOf(error)
      return Effect.fail<Unanswered>({
        failure: limit === undefined ? failure : "provider_exhaustion",
        message: hide(error.message),
        limit: limit && { ...limit, reason: hide(limit.reason) },
        launched: error._tag === "ConnectionLost" ||
          (error._tag === "PluginRefused" && error.code === ErrorCode.Timeout)
      })
    }))

/** The deny list is kept to by the provider, who may not know of it: who uses such a tool all the same is stopped. */
const forbidden = (phase: AgentPhase, events: ReadonlyArray<AgentNotification>): string | undefined => {
  const used = events.find((event) => event._tag === "ToolCall" && !allowsTool(phase.tool_policy, event.name))
  return used?._tag === "ToolCall"
    ? `its agent used the tool "${used.name}", which the tool_policy of phase "${phase.id}" does not allow`
    : undefined
}

const heard = <R>(talk: Conversation<R>, events: ReadonlyArray<AgentNotification>) => {
  talk.forwarded = talk.forwarded || events.length > 0
  talk.begun = talk.begun || events.some(({ _tag }) => _tag !== "Metadata")
  talk.notices = [...talk.notices, ...events.filter(({ _tag }) => _tag === "Metadata")].slice(-NOTICES)
}

const answered = Effect.fnUntraced(function*<R>(talk: Conversation<R>, response: AgentRunResponse) {
  const usage = usageOf(response)
  talk.usage = addUsage(talk.usage, usage)
  // Some say nothing on the way, and all of it at the end.
  talk.begun = talk.begun || response.output.trim() !== "" || usage.tokens > 0 || usage.cost_usd > 0
  const fault = faultOf(response)
  if (fault === undefined) return response
  const limit = limitOfResponse(response, talk.notices, yield* Clock.currentTimeMillis)
  return yield* Effect.fail<Unanswered>({
    failure: limit === undefined ? "unknown" : "provider_exhaustion",
    message: fault,
    limit,
    launched: true
  })
})

export const dispatch = Effect.fnUntraced(
  function*<R>(talk: Conversation<R>, { request, resume, target }: Turn) {
    const { asked, attempt, hide, phase, promised, state } = talk
    const session = promised ?? (yield* newSession)
    talk.promised = undefined
    const keeper = yield* recordKeeper(talk, { provider: target.tool, request, resume, session })
    yield* inWords(patiently(keeper.begin), hide)
    yield* crashPoint("session-pending")
    const runner = yield* PhaseRunner
    const context = yield* Effect.context<SessionStore | Notifying | R>()
    const stopped = Deferred.makeUnsafe<never, Unanswered>()
    const hasSecrets = Object.keys(secretsOf(phase)).length > 0
    const answer = runner.agent(launchedFor(state, attempt), {
      session,
      tool: target.tool,
      owner: state.head.run,
      request,
      ...(resume === undefined ? {} : { resume }),
      onEvents: (said) => {
        const events = hasSecrets ? said.map(hiddenEvent(hide)) : said
        heard(talk, events)
        const questions = events.filter((event): event is Question => event._tag === "InteractionRequested")
        const message = forbidden(phase, events)
        return keeper.heard(events).pipe(
          Effect.andThen(Effect.forEach(questions, (question) => asked(session, question), { discard: true })),
          Effect.andThen(tell(state.head.run, attempt, session, events.map(saidIn))),
          Effect.andThen(
            message === undefined
              ? Effect.void
              : Deferred.fail(stopped, { failure: "unknown", message, limit: undefined, launched: true })
          ),
          Effect.provideContext(context)
        )
      }
    })
    return yield* Effect.raceFirst(inWords(answer, hide), Deferred.await(stopped)).pipe(
      Effect.map((response) => hiddenResponse(response, hide)),
      Effect.tap((response) => {
        const fault = faultOf(response)
        return keeper.end(fault === undefined ? "completed" : "failed", response.session_id, fault)
      }),
      Effect.tapError(({ message }) => keeper.end("failed", undefined, message)),
      Effect.flatMap((response) => answered(talk, response))
    )
  }
)
