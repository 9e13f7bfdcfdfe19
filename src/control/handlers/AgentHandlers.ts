/** `agent/*`: one agent with no workflow around it, and what the agents of runs are saying. */
import { Effect, Layer, Queue, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { AgentRpcs } from "../../../schemas/control/AgentRpcs.ts"
import { ControlError } from "../../../schemas/control/ControlError.ts"
import { SessionId } from "../../../schemas/Ids.ts"
import type { AgentHeard, AgentLaunch } from "../../../schemas/PhaseLaunch.ts"
import { encodeAgentNotification } from "../../../schemas/Provider.ts"
import type { InteractionResponse } from "../../../schemas/RunEvent.ts"
import { faultOf } from "../../agent/AgentSession.ts"
import { AgentSessions } from "../../agent/AgentSessions.ts"
import { Notifications } from "../../notify/Notifications.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { PhaseRunner } from "../../run/PhaseRunner.ts"
import { RunEngine } from "../../run/RunEngine.ts"
import { answer, invalid, runIdOf } from "../ControlFailure.ts"
import { runsOn } from "../RunsOn.ts"
import { acknowledged, watchTopic } from "../Watch.ts"

/** Whoever listens holds the provider back, so that nothing of it is lost on the way. */
const makeLaunch = Effect.gen(function*() {
  const sessions = yield* AgentSessions
  const runner = yield* PhaseRunner
  return (launch: AgentLaunch) =>
    acknowledged(Effect.as(
      answer(runner.admit(launch.session)),
      Stream.callback<AgentHeard>((heard) =>
        sessions.run({
          ...launch,
          onEvents: (events) =>
            Effect.asVoid(Queue.offer(heard, { _tag: "Frames", frames: events.map(encodeAgentNotification) }))
        }).pipe(
          Effect.match({
            onSuccess: (response): AgentHeard => ({ _tag: "AgentEnded", response }),
            onFailure: (error): AgentHeard => ({ _tag: "AgentFailed", error })
          }),
          Effect.flatMap((ended) => Queue.offer(heard, ended)),
          Effect.andThen(Queue.end(heard))
        )
      )
    ))
})

const makeRun = Effect.gen(function*() {
  const sessions = yield* AgentSessions
  const scope = yield* ProjectScope
  const random = yield* SecureRandom.SecureRandom
  return Effect.fnUntraced(function*(request: {
    readonly provider: string
    readonly model: string
    readonly prompt: string
    readonly system?: string
    readonly cwd?: string
    readonly env: Readonly<Record<string, string>>
  }) {
    const session = SessionId.make(`control-${yield* random.uuidV4()}`)
    const response = yield* sessions.run({
      session,
      tool: request.provider,
      request: {
        prompt: request.prompt,
        model: request.model,
        cwd: request.cwd ?? scope.projectRoot,
        project_root: scope.projectRoot,
        env: request.env,
        ...(request.system === undefined ? {} : { system_prompt: request.system })
      },
      // The caller gets the whole output with the answer; there is no run whose transcript this would be.
      onEvents: () => Effect.void
    })
    const { exit_code, output, tokens_used } = response
    const fault = faultOf(response)
    if (fault !== undefined) {
      return yield* new ControlError({
        category: "internal",
        message: `${fault}. What it printed is in the details of this error`,
        data: { error: "AgentFailed", session_id: session, exit_code, output }
      })
    }
    const usage = tokens_used === undefined
      ? {}
      : { usage: { prompt_tokens: tokens_used.input, completion_tokens: tokens_used.output } }
    return { session_id: session, model: request.model, output, ...usage }
  })
})

interface Response {
  readonly workflow_id?: string
  readonly session_id?: string
  readonly interaction_id?: string
  readonly response: InteractionResponse
}

/** A session that belongs to a run is answered through the run; only one with no run around it is answered by itself. */
const makeRespond = Effect.gen(function*() {
  const sessions = yield* AgentSessions
  const engine = yield* RunEngine
  return Effect.fnUntraced(function*({ interaction_id: interaction, response, session_id, workflow_id }: Response) {
    if (Object.keys(response).length === 0) return yield* invalid("the response is empty: decision, answer or message")
    const asked = (yield* engine.asking).find((one) =>
      one.session === session_id && (interaction === undefined || one.interaction === interaction)
    )
    const run = workflow_id === undefined ? asked?.run : yield* runIdOf(workflow_id)
    if (run !== undefined) {
      const named = workflow_id === undefined ? asked?.interaction : interaction
      yield* engine.respond({ run, response, ...(named === undefined ? {} : { interaction: named }) })
      return { accepted: true }
    }
    if (session_id === undefined || interaction === undefined) {
      return yield* invalid(
        "name the run with workflow_id, or the agent and its question with session_id and interaction_id"
      )
    }
    return { accepted: yield* sessions.respond(SessionId.make(session_id), interaction, response) }
  })
})

export const AgentHandlers = AgentRpcs.toLayer(Effect.gen(function*() {
  const sessions = yield* AgentSessions
  const notifications = yield* Notifications
  const run = yield* makeRun
  const respond = yield* makeRespond
  const launch = yield* makeLaunch
  return AgentRpcs.of({
    "agent/run": (request) => answer(run(request)),
    "agent/launch": launch,
    "agent/status": ({ id }) =>
      answer(Effect.map(
        Effect.suspend(() => sessions.status(SessionId.make(id))),
        ({ finishedAt, lastError, model, provider, session, startedAt, status }) => ({
          session_id: session,
          status,
          provider,
          model,
          started_at: startedAt,
          ...(finishedAt === undefined ? {} : { finished_at: finishedAt }),
          ...(lastError === undefined ? {} : { last_error: lastError })
        })
      )),
    "agent/cancel": ({ session_id }) =>
      answer(Effect.map(Effect.suspend(() => sessions.cancel(SessionId.make(session_id))), runsOn)),
    "agent/respond": (request) => answer(respond(request)),
    "agent/watch": ({ workflow_id }) =>
      acknowledged(Effect.map(
        watchTopic(notifications, "agent", "skip"),
        Stream.filter((output) => workflow_id === undefined || output.workflow_id === workflow_id)
      ))
  })
})).pipe(Layer.provide(SecureRandom.layerWebCrypto))
