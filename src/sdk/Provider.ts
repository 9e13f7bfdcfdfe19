/**
 * A part that drives agents. A run's notifications carry its session id and precede its answer; `agent/cancel` finds the live
 * session by the id the host minted or by the agent's own, and returns when the run has settled.
 */
import { Clock, Deferred, Duration, Effect, Random } from "effect"
import type { Json, JsonObject } from "../../schemas/Json.ts"
import {
  AgentCancelParams,
  type AgentQuestion,
  AgentRespondParams,
  AgentRespondResult,
  AgentRunRequest,
  AgentRunResponse
} from "../../schemas/Provider.ts"
import { answer, params } from "./Params.ts"
import type { Host, Method, Part } from "./Part.ts"
import { notSupported, PluginFailure } from "./PluginFailure.ts"
import { type AgentReply, Questions } from "./Questions.ts"

export interface AgentSession {
  /** What the host calls it. */
  readonly id: string
  readonly output: (text: string, extra?: JsonObject) => Effect.Effect<void>
  readonly thinking: (text: string) => Effect.Effect<void>
  readonly toolCall: (name: string, given: Json, server?: string) => Effect.Effect<void>
  readonly toolResult: (name: string, output: Json, success: boolean) => Effect.Effect<void>
  readonly error: (message: string, recoverable: boolean) => Effect.Effect<void>
  /** Asks a person and waits for the reply, however long; the provider must be `interactive`. */
  readonly ask: (question: AgentQuestion) => Effect.Effect<AgentReply, PluginFailure>
  /** The agent's own session id became known: the host is told, and can cancel by this name too. */
  readonly knownAs: (own: string) => Effect.Effect<void>
  /** Returns when `agent/cancel` was called. */
  readonly cancelled: Effect.Effect<void>
}

type AgentRun = (request: AgentRunRequest, session: AgentSession) => Effect.Effect<AgentRunResponse, PluginFailure>

export interface ProviderOptions {
  readonly tool: string
  readonly run: AgentRun
  /** Without it the provider cannot resume, and says so in its manifest. */
  readonly resume?: AgentRun
  /** Its agents ask (`session.ask`), and it serves `agent/respond`. */
  readonly interactive?: boolean
  /**
   * `interrupt` (the default): a cancelled run is interrupted and answered for. `settle`: it watches `session.cancelled`
   * and answers itself.
   */
  readonly cancel?: "interrupt" | "settle"
}

interface Live {
  readonly cancel: Deferred.Deferred<void>
  readonly settled: Deferred.Deferred<void>
}

/** A host waits ten seconds for `agent/cancel`. */
const SETTLE_WITHIN = Duration.seconds(8)
const CANCELLED_EXIT = 130
const RESUME = "agent/resume"
const RESPOND = "agent/respond"

const readRequest = params(AgentRunRequest)
const readCancel = params(AgentCancelParams)
const readRespond = params(AgentRespondParams)
const writeRespond = answer(AgentRespondResult)
const writeResponse = answer(AgentRunResponse)

const named = (id: string | undefined): string | undefined => id === undefined || id.trim() === "" ? undefined : id

interface Talking {
  readonly sessions: Sessions
  /** Of an interactive provider alone. */
  readonly questions: Questions | undefined
}

/** The live sessions of one process, under every name they have. */
class Sessions {
  private readonly byName = new Map<string, Live>()

  find(name: string): Live | undefined {
    return this.byName.get(name)
  }

  /** The first one to have a name keeps it. */
  add(name: string, live: Live): void {
    if (!this.byName.has(name)) this.byName.set(name, live)
  }

  remove(live: Live): void {
    for (const [name, other] of this.byName) if (other === live) this.byName.delete(name)
  }
}

const sessionOf = (
  id: string,
  live: Live,
  { questions, sessions }: Talking,
  notify: Host["notify"]
): AgentSession => {
  const say = (method: string, params: JsonObject) => notify(method, { ...params, session_id: id })
  return {
    id,
    output: (text, extra) => say("agent/output", { final: false, ...extra, text }),
    thinking: (text) => say("agent/thinking", { text }),
    toolCall: (name, given, server) =>
      say("agent/toolCall", { name, arguments: given, ...(server === undefined ? {} : { server }) }),
    toolResult: (name, output, success) => say("agent/toolResult", { name, output, success }),
    error: (message, recoverable) => say("agent/error", { message, recoverable }),
    ask: (question) =>
      questions?.ask(id, question, (params) => say("agent/interactionRequested", params)) ??
        Effect.fail(notSupported(RESPOND)),
    knownAs: (own) =>
      Effect.suspend(() => {
        sessions.add(own, live)
        return notify("agent/session", { session_id: own, control_session_id: id })
      }),
    cancelled: Deferred.await(live.cancel)
  }
}

/** What a provider that does not settle its cancelled runs answers for them. */
const cancelledResponse = (backend: string, millis: number): AgentRunResponse => ({
  session_id: "",
  exit_code: CANCELLED_EXIT,
  output: "",
  errors: ["the run was cancelled"],
  duration_ms: millis,
  backend
})

const runs = (options: ProviderOptions, talking: Talking, host: Host) => {
  const { sessions } = talking
  const interruptible = (work: ReturnType<AgentRun>, session: AgentSession, startedAt: number) =>
    options.cancel === "settle" ? work : Effect.raceFirst(
      work,
      Effect.flatMap(
        session.cancelled,
        () => Effect.map(Clock.currentTimeMillis, (now) => cancelledResponse(options.tool, now - startedAt))
      )
    )

  return (work: AgentRun, needsSession: boolean): Method =>
    Effect.fnUntraced(function*(given) {
      const request = yield* readRequest(given)
      const own = named(request.session_id)
      if (needsSession && own === undefined) {
        return yield* new PluginFailure({ category: "invalid_request", message: "agent/resume needs a session_id" })
      }
      const startedAt = yield* Clock.currentTimeMillis
      const id = named(request.control_session_id) ?? own ?? `${options.tool}-${startedAt}-${yield* Random.nextInt}`
      if (sessions.find(id) !== undefined) {
        return yield* new PluginFailure({ category: "conflict", message: `session ${id} is already running` })
      }
      const live: Live = { cancel: Deferred.makeUnsafe(), settled: Deferred.makeUnsafe() }
      sessions.add(id, live)
      if (own !== undefined) sessions.add(own, live)
      const session = sessionOf(id, live, talking, host.notify)
      const response = yield* interruptible(work(request, session), session, startedAt).pipe(
        Effect.ensuring(Effect.sync(() => {
          sessions.remove(live)
          Deferred.doneUnsafe(live.settled, Effect.void)
        }))
      )
      return yield* writeResponse(response)
    })
}

const cancel = (sessions: Sessions): Method =>
  Effect.fnUntraced(function*(given) {
    const { session_id } = yield* readCancel(given)
    const live = sessions.find(session_id)
    if (live === undefined) {
      const message = `no live session ${session_id}: it has ended, or another process runs it`
      return yield* new PluginFailure({ category: "not_found", message })
    }
    yield* Deferred.succeed(live.cancel, undefined)
    yield* Effect.timeoutOrElse(Deferred.await(live.settled), {
      duration: SETTLE_WITHIN,
      orElse: () =>
        Effect.fail(new PluginFailure({ category: "unavailable", message: `session ${session_id} does not stop` }))
    })
    return { session_id, cancelled: true }
  })

const respond = ({ questions, sessions }: Talking): Method =>
  Effect.fnUntraced(function*(given) {
    const { interaction_id, response, session_id } = yield* readRespond(given)
    const asking = sessions.find(session_id)
    const accepted = questions?.answer(interaction_id, (session) => sessions.find(session) === asking, response) ??
      false
    return yield* writeRespond({ accepted })
  })

export const provider = (options: ProviderOptions): Part => {
  const { interactive = false, resume, run, tool } = options
  return {
    capabilities: [
      `provider_tool:${tool}`,
      "agent/run",
      ...(resume === undefined ? [] : [RESUME]),
      "agent/cancel",
      ...(interactive ? [RESPOND] : []),
      "cancellation"
    ],
    streaming: true,
    detached: ["agent/run", RESUME],
    declines: [...(resume === undefined ? [RESUME] : []), ...(interactive ? [] : [RESPOND])],
    open: (host) =>
      Effect.sync(() => {
        const talking = { sessions: new Sessions(), questions: interactive ? new Questions() : undefined }
        const served = runs(options, talking, host)
        return {
          requests: {
            "agent/run": served(run, false),
            ...(resume === undefined ? {} : { [RESUME]: served(resume, true) }),
            "agent/cancel": cancel(talking.sessions),
            ...(interactive ? { [RESPOND]: respond(talking) } : {})
          }
        }
      })
  }
}
