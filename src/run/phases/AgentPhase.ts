/**
 * One attempt of an agent phase. Its session record is durable before anything is launched; a provider failure is tried
 * again only when it may pass and nothing of the session was forwarded; the answer is the response's output alone.
 */
import { Clock, DateTime, Effect, Schedule } from "effect"
import { SecureRandom } from "effect/crypto"
import { SessionId } from "../../../schemas/Ids.ts"
import type { AgentNotification, AgentRunRequest, AgentRunResponse } from "../../../schemas/Provider.ts"
import type { SessionRecord } from "../../../schemas/SessionRecord.ts"
import type { AgentPhase } from "../../../schemas/Workflow.ts"
import { faultOf } from "../../agent/AgentSession.ts"
import { type AgentError, AgentSessions } from "../../agent/AgentSessions.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import { contractBreach } from "../Contract.ts"
import { crashPoint } from "../CrashPoint.ts"
import { byDefault, readDecision } from "../Decision.ts"
import type { InFlight } from "../Position.ts"
import { buildPrompt } from "../Prompt.ts"
import { limitOfError, limitOfResponse, type RateLimit } from "../RateLimit.ts"
import type { RunState } from "../RunState.ts"
import { patiently } from "../StorePatience.ts"
import { fillIn, templateValues } from "../Template.ts"
import type { Outcome } from "./Outcome.ts"
import { type Said, tell } from "./Telling.ts"

/** How much of what a provider says beside the agent's own words is kept to explain a failure. */
const NOTICES = 20

const backoff = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("3 seconds")])

export const newSession = Effect.map(SecureRandom.SecureRandom.use((random) => random.uuidV4()), SessionId.make)

type Question = Extract<AgentNotification, { readonly _tag: "InteractionRequested" }>

interface Performance<R> {
  /** The provider's own session to go on with. */
  readonly resume: string | undefined
  /** Told before anything that the session says after it. */
  readonly asked: (session: SessionId, question: Question) => Effect.Effect<void, never, R>
}

export const performAgent = Effect.fn("AgentPhase.perform")(
  function*<R>(state: RunState, phase: AgentPhase, attempt: InFlight, { asked, resume }: Performance<R>) {
    const request = yield* requestOf(state, phase, attempt, resume)
    let forwarded = false
    let begun = resume !== undefined
    let notices: ReadonlyArray<AgentNotification> = []
    let session = resume === undefined ? attempt.session : undefined
    const dispatch = Effect.gen(function*() {
      const own = session ?? (yield* newSession)
      session = undefined
      const keeper = yield* recordKeeper(state, phase, attempt, { request, resume, session: own })
      yield* patiently(keeper.begin)
      yield* crashPoint("session-pending")
      const agents = yield* AgentSessions
      const context = yield* Effect.context<SessionStore | Notifying | R>()
      const response = yield* agents.run({
        session: own,
        tool: phase.tool,
        owner: state.head.run,
        request,
        ...(resume === undefined ? {} : { resume }),
        onEvents: (events) => {
          forwarded = forwarded || events.length > 0
          begun = begun || events.some(({ _tag }) => _tag !== "Metadata")
          notices = [...notices, ...events.filter(({ _tag }) => _tag === "Metadata")].slice(-NOTICES)
          const questions = events.filter((event): event is Question => event._tag === "InteractionRequested")
          return keeper.heard(events).pipe(
            Effect.andThen(Effect.forEach(questions, (question) => asked(own, question), { discard: true })),
            Effect.andThen(tell(state.head.run, attempt, own, events.map(saidIn))),
            Effect.provideContext(context)
          )
        }
      }).pipe(Effect.tapError((error) => keeper.end("failed", undefined, error.message)))
      const fault = faultOf(response)
      yield* keeper.end(fault === undefined ? "completed" : "failed", response.session_id, fault)
      const limit = fault === undefined ? undefined : limitOfResponse(response, notices, yield* Clock.currentTimeMillis)
      return limit === undefined ? judge(phase, attempt, response) : rateLimited(limit, begun)
    })
    return yield* dispatch.pipe(
      Effect.retry({
        while: (error) => !forwarded && mayPass(error) && limitOfError(error, 0) === undefined,
        times: Math.max(0, phase.max_attempts - 1),
        schedule: backoff
      }),
      Effect.catch((error) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const limit = limitOfError(error, now)
          return limit === undefined ? unperformed(error, resume !== undefined) : rateLimited(limit, begun)
        })
      )
    )
  }
)

type Notifying = Effect.Services<ReturnType<typeof tell>>

const rateLimited = (limit: RateLimit, begun: boolean): Outcome => ({ _tag: "RateLimited", ...limit, begun })

const unperformed = (error: { readonly message: string }, resuming: boolean): Outcome =>
  resuming ? { _tag: "NotResumed", detail: error.message } : { _tag: "Broken", error: error.message }

const requestOf = Effect.fnUntraced(
  function*(state: RunState, phase: AgentPhase, attempt: InFlight, resume: string | undefined) {
    const { projectRoot } = yield* ProjectScope
    const place = { phase: phase.id, projectRoot, cwd: projectRoot }
    const prompt = buildPrompt(state, phase, attempt, place)
    const system = phase.system_prompt === undefined
      ? undefined
      : fillIn(phase.system_prompt, templateValues(state, place))
    const request: AgentRunRequest = {
      prompt: resume === undefined
        ? prompt
        : `You were interrupted. Go on where you were; this was the task:\n\n${prompt}`,
      cwd: projectRoot,
      project_root: projectRoot,
      timeout_secs: phase.timeout_secs,
      env: {},
      ...(phase.model === undefined ? {} : { model: phase.model }),
      ...(system === undefined ? {} : { system_prompt: system }),
      ...(phase.launch === undefined ? {} : { runtime_contract: { cli: { launch: phase.launch } } })
    }
    return request
  }
)

interface Dispatched {
  readonly request: AgentRunRequest
  readonly resume: string | undefined
  readonly session: SessionId
}

/** Keeps `<phase>.session.json` true. Only its first write decides anything; the later ones may fail and are logged. */
const recordKeeper = Effect.fnUntraced(
  function*(state: RunState, phase: AgentPhase, attempt: InFlight, { request, resume, session }: Dispatched) {
    const store = yield* SessionStore
    let record: SessionRecord = {
      workflow_id: state.head.run,
      phase_id: phase.id,
      attempt: attempt.attempt,
      provider: phase.tool,
      run_id: session,
      provider_session_id: resume ?? null,
      status: "pending",
      started_at: DateTime.formatIso(yield* DateTime.now),
      request
    }
    const update = (change: Partial<SessionRecord>) => {
      record = { ...record, ...change }
      return store.putSession(record).pipe(
        Effect.catch((error) => Effect.logWarning(`session record of ${phase.id} is behind: ${error.message}`))
      )
    }
    const ownId = (id: string | undefined) =>
      id === undefined || id.trim() === "" || id === session ? record.provider_session_id : id
    return {
      /** Resuming never goes back to pending: should this daemon die now, the session is still there to resume. */
      begin: Effect.suspend(() => store.putSession(resume === undefined ? record : { ...record, status: "running" })),
      heard: Effect.fnUntraced(function*(events: ReadonlyArray<AgentNotification>) {
        const id = ownId(events.findLast((event) => ownId(event.session_id) !== record.provider_session_id)?.session_id)
        if (record.status === "running" && id === record.provider_session_id) return
        yield* update({ status: "running", provider_session_id: id })
        yield* crashPoint("session-running")
      }),
      end: Effect.fnUntraced(
        function*(status: "completed" | "failed", id: string | undefined, reason: string | undefined) {
          yield* update({
            status,
            provider_session_id: ownId(id),
            completed_at: DateTime.formatIso(yield* DateTime.now),
            ...(reason === undefined ? {} : { blocked_reason: reason })
          })
        }
      )
    }
  }
)

const mayPass = (error: AgentError | { readonly _tag: "SessionStoreFailed" }): boolean =>
  error._tag === "ConnectionLost" || error._tag === "PluginCrashed" ||
  (error._tag === "PluginRefused" && error.category === "unavailable")

const saidIn = (event: AgentNotification): Said => {
  switch (event._tag) {
    case "Output":
      return { kind: "output", text: event.text }
    case "Thinking":
      return { kind: "thinking", text: event.text }
    case "ToolCall":
      return { kind: "tool_call", text: `${event.name} ${JSON.stringify(event.arguments)}` }
    case "ToolResult":
      return {
        kind: event.success ? "tool_result" : "tool_error",
        text: typeof event.output === "string" ? event.output : JSON.stringify(event.output)
      }
    case "Error":
      return { kind: "error", text: event.message }
    case "InteractionRequested":
      return { kind: "interaction", text: JSON.stringify(event.payload) }
    case "Metadata":
      return { kind: "metadata", text: `${event.method} ${JSON.stringify(event.params)}` }
  }
}

const judge = (phase: AgentPhase, attempt: InFlight, response: AgentRunResponse): Outcome => {
  const fault = faultOf(response)
  if (fault !== undefined) return { _tag: "Broken", error: fault }
  const breach = contractBreach(phase, response.output, attempt.nonce)
  if (breach !== undefined) return { _tag: "Broken", error: breach }
  const decision = readDecision(response.output, attempt.nonce) ?? byDefault("finished without a decision")
  return { _tag: "Concluded", decision, output: response.output, exitCode: 0 }
}
