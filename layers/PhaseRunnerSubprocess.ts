/**
 * Phases are performed by a runner of ours, a plugin: each launch is one `workflow/run_phase`. What the runner streams back is
 * heard as it would be without it, all of it, in order, before its end. A runner that dies takes what it had launched with it,
 * and is told of like a provider that died; nothing is launched again here.
 */
import { Duration, Effect, Exit, Layer, Schema } from "effect"
import { InvalidInput } from "../schemas/errors/DaemonErrors.ts"
import { PluginRefused, SessionNotFound } from "../schemas/errors/PluginErrors.ts"
import type { SessionId } from "../schemas/Ids.ts"
import { ErrorCode } from "../schemas/JsonRpc.ts"
import { LaunchEnded, PHASE_OUTPUT, type PhaseLaunch, PhaseOutput } from "../schemas/PhaseLaunch.ts"
import { decodeAgentNotification } from "../schemas/Provider.ts"
import { PhaseRan, RunPhase } from "../schemas/WorkflowRunner.ts"
import { type AgentSession, AgentSessions } from "../src/agent/AgentSessions.ts"
import { timeoutOf } from "../src/agent/ProviderRequest.ts"
import { PluginHost } from "../src/plugin/PluginHost.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { CommandNotRun, type LaunchedFor, PhaseRunner } from "../src/run/PhaseRunner.ts"
import { callRunner } from "../src/run/RunnerCall.ts"
import { present } from "../src/workflow/Present.ts"

/** The one that comes with Animus. */
export const RUNNER = "animus-workflow-runner-default"

const METHOD = "workflow/run_phase"
/** Behind the deadline of what is launched, which ends it in good order: for a runner that is deaf to that. */
const MARGIN = Duration.minutes(2)

const encodeParams = Schema.encodeUnknownEffect(RunPhase)
const decodeOutput = Schema.decodeUnknownEffect(PhaseOutput)
const decodeAnswer = Schema.decodeUnknownEffect(PhaseRan)
const decodeEnded = Schema.decodeUnknownEffect(LaunchEnded)

const refused = (detail: string) =>
  new PluginRefused({ plugin: RUNNER, method: METHOD, code: ErrorCode.InternalError, detail })

const paramsOf = ({ attempt, phase, run, subject, workflow }: LaunchedFor, cwd: string) => ({
  execution_cwd: cwd,
  workflow_id: run,
  workflow_ref: workflow,
  subject_id: subject.id,
  subject_title: subject.title,
  subject_description: subject.description,
  phase_id: phase,
  phase_attempt: attempt,
  pipeline_vars: {}
})

const endOf = Effect.fnUntraced(
  function*(answer: unknown) {
    const { outcome } = yield* decodeAnswer(answer)
    return yield* decodeEnded("Completed" in outcome ? outcome.Completed.result_payload : undefined)
  },
  Effect.mapError(({ message }) => refused(`its answer does not say how the launch ended: ${message}`))
)

const isOf = (launch: string) => ({ method, params }: { readonly method: string; readonly params?: unknown }) =>
  method === PHASE_OUTPUT && typeof params === "object" && params !== null && Reflect.get(params, "launch") === launch

interface Launching {
  readonly of: LaunchedFor
  readonly name: string
  readonly cwd: string
  readonly launch: PhaseLaunch
  readonly seconds: number
  readonly heard: (output: PhaseOutput) => Effect.Effect<void>
}

const absent = new InvalidInput({
  detail: `daemon.runner is "subprocess", and plugin ${RUNNER} is not installed. Type: animus init`
})

const perform = Effect.fnUntraced(function*({ cwd, heard, launch, name, of, seconds }: Launching) {
  const params = yield* Effect.orDie(
    encodeParams({ ...paramsOf(of, cwd), phase_timeout_secs: seconds, launch, launch_id: name })
  )
  const answer = yield* callRunner({
    plugin: RUNNER,
    method: METHOD,
    params,
    timeout: Duration.sum(Duration.seconds(seconds), MARGIN),
    accepts: isOf(name),
    hand: (batch) =>
      Effect.forEach(batch, ({ params }) =>
        Effect.matchEffect(decodeOutput(params), {
          onSuccess: heard,
          onFailure: ({ message }) => Effect.logError(`${RUNNER} said of ${name} what is not understood: ${message}`)
        }), { discard: true })
  })
  return yield* endOf(answer)
}, Effect.catchTag("PluginNotFound", () => Effect.fail(absent)))

/** The sessions that the runner was asked for and has not had dispatched yet. */
class Expected {
  private readonly sessions = new Set<SessionId>()

  readonly during = (session: SessionId) =>
    Effect.acquireRelease(
      Effect.sync(() => void this.sessions.add(session)),
      () => Effect.sync(() => void this.sessions.delete(session))
    )

  readonly admit = (session: SessionId) =>
    Effect.suspend(() => this.sessions.delete(session) ? Effect.void : Effect.fail(new SessionNotFound({ session })))
}

const launchOf = (control_socket: string, { owner, request, resume, session, tool }: AgentSession) => ({
  _tag: "Agent" as const,
  control_socket,
  session,
  tool,
  request,
  ...present({ owner, resume })
})

export const layer = Layer.effect(
  PhaseRunner,
  Effect.gen(function*() {
    const agents = yield* AgentSessions
    const host = yield* PluginHost
    const { socketPath } = yield* ProjectScope
    const expected = new Expected()
    let launches = 0
    let held = false
    const unlessHeld = <A, E>(launched: Effect.Effect<A, E, PluginHost>) =>
      launched.pipe(
        Effect.exit,
        Effect.flatMap((exit) => held ? Effect.never : exit),
        Effect.provideService(PluginHost, host)
      )

    const agent = Effect.fnUntraced(function*(of: LaunchedFor, session: AgentSession) {
      yield* expected.during(session.session)
      const ended = yield* perform({
        of,
        name: session.session,
        cwd: session.request.cwd,
        launch: launchOf(socketPath, session),
        seconds: timeoutOf(session.request),
        heard: ({ frames = [] }) =>
          session.onEvents(frames.map(({ method, params }) => decodeAgentNotification(method, params)))
      }).pipe(
        // Whatever became of the runner: nobody goes on before the session has ended where it lives.
        Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : Effect.ignore(agents.cancel(session.session)))
      )
      if (ended._tag === "AgentEnded") return ended.response
      return yield* ended._tag === "AgentFailed" ? Effect.fail(ended.error) : refused(`it ended as ${ended._tag}`)
    }, Effect.scoped)

    return PhaseRunner.of({
      agent: (of, session) => unlessHeld(agent(of, session)),
      command: (of, launch, heard) =>
        unlessHeld(Effect.gen(function*() {
          const ended = yield* perform({
            of,
            name: `${of.run}/${of.phase}/${of.attempt}/${launches++}`,
            cwd: launch.cwd,
            launch,
            seconds: launch.timeout_secs,
            heard: ({ said = [] }) => heard(said)
          })
          if (ended._tag === "CommandEnded") return ended
          const { _tag } = ended
          return yield* _tag === "CommandNotRun" ? new CommandNotRun(ended) : refused(`it ended as ${_tag}`)
        })),
      admit: expected.admit,
      hold: Effect.sync(() => {
        held = true
      })
    })
  })
)
