/**
 * A run that a plugin executes as a whole (`workflow/execute`). What the plugin says of its phases goes into the run's journal,
 * and its end is the run's. It is handed over once; a plugin that dies over it leaves it blocked, until a person says a word.
 */
import { Clock, Context, Duration, Effect, Result, Schema } from "effect"
import { type PluginError, PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { ExecuteWorkflow, WorkflowExecuted } from "../../schemas/WorkflowRunner.ts"
import type { PluginNotification } from "../plugin/PluginHost.ts"
import { present } from "../workflow/Present.ts"
import type { Action } from "./Decide.ts"
import { HostedEvents, isOfRun } from "./HostedEvents.ts"
import { tell } from "./phases/Telling.ts"
import { commit, type RunActor } from "./RunActor.ts"
import { callRunner } from "./RunnerCall.ts"
import type { RunState } from "./RunState.ts"
import { patiently } from "./StorePatience.ts"
import { unenforced } from "./Unenforced.ts"

/** The plugin that executes runs which begin from now on; undefined when the daemon does. */
export const WorkflowHost = Context.Reference<string | undefined>("animus/run/WorkflowHost", {
  defaultValue: () => undefined
})

export type Ending = Extract<Action, { readonly _tag: "Complete" | "Fail" | "Escalate" | "Cancel" }>

/** How a hosted run goes on: to its end, or held with these words until a person says one. */
type Outcome = Ending | { readonly _tag: "Blocked" | "Paused"; readonly reason: string }

const METHOD = "workflow/execute"
const LONGEST = Duration.days(7)
const HANDS_IT_AGAIN = "resuming the run hands it to the plugin again"

const encodeParams = Schema.encodeUnknownEffect(ExecuteWorkflow)
const decodeAnswer = Schema.decodeUnknownEffect(WorkflowExecuted)

/** Of values that came out of the same schemas: it cannot fail. */
const paramsOf = ({ definition, dispatch, feedback, head, subject, vars }: RunState) =>
  Effect.orDie(encodeParams({
    workflow_id: head.run,
    workflow_ref: definition.id,
    subject_dispatch: { ...dispatch, workflow_ref: definition.id },
    vars,
    ...present({
      title: subject?.title ?? dispatch.subject.title,
      description: subject?.description ?? dispatch.subject.description,
      input: dispatch.input,
      feedback
    })
  }))

/** What is not understood of a status counts as running, and whether that goes on is not known any more. */
const outcomeOf = (runner: string, { workflow_status }: WorkflowExecuted, trouble: string | undefined): Outcome => {
  const says = `plugin ${runner} reports it as ${workflow_status}`
  const reason = trouble === undefined ? says : `${says}: ${trouble}`
  switch (workflow_status) {
    case "completed":
      return { _tag: "Complete", reason: says }
    case "failed":
      return { _tag: "Fail", reason }
    case "escalated":
      return { _tag: "Escalate", reason }
    case "cancelled":
      return { _tag: "Cancel", reason }
    case "paused":
    case "pending":
      return { _tag: "Paused", reason: `${says}; ${HANDS_IT_AGAIN}` }
    default:
      return { _tag: "Blocked", reason: `${says} and has left it; whether it goes on is not known` }
  }
}

/** A word of its own is an end; whatever took its voice away may have left the work half done. */
const outcomeOfError = (runner: string, error: PluginError): Outcome => {
  switch (error._tag) {
    case "ConnectionLost":
    case "PluginCrashed":
    case "RequestTimedOut":
      return {
        _tag: "Blocked",
        reason: `Plugin ${runner} executed this run and did not come to its end, so it may have partly executed ` +
          `(${error.message})`
      }
    default: {
      const atGate = error._tag === "PluginRefused" && error.code === ErrorCode.WorkflowManualGatePending
      return atGate
        ? { _tag: "Paused", reason: `${error.message}; once it is decided there, ${HANDS_IT_AGAIN}` }
        : { _tag: "Fail", reason: error.message }
    }
  }
}

/** What this daemon has not handed over itself may have been executed by another one's hand. */
export const handedOverBefore = (runner: string): string =>
  `The daemon ended while plugin ${runner} executed this run, which may have partly executed.`

/** Holding it is an event as any other; nothing in it says that it goes on by itself. */
export const blockedOf = ({ definition, head }: RunState, reason: string): RunEvent => ({
  _tag: "RecoveryDecided",
  phase: head.phase ?? definition.phases[0].id,
  attempt: head.attempt ?? 1,
  action: "blocked",
  reason
})

/** Each is waited for by itself: what is in the journal is not tried again with what follows it. */
const write = (actor: RunActor, events: ReadonlyArray<RunEvent>) =>
  Effect.forEach(events, (event) => patiently(actor.lock.withPermit(commit(actor, event))), { discard: true })

/** In order, each frame once: as an event of the run where it is a fact, and in any case where its words can be read. */
const hearing = (actor: RunActor, events: HostedEvents) =>
  Effect.fnUntraced(
    function*(batch: ReadonlyArray<PluginNotification>) {
      const now = yield* Clock.currentTimeMillis
      for (const frame of batch) {
        yield* write(actor, events.notified(frame, now))
        const { attempt = 1, phase = "workflow", run } = actor.state?.head ?? { run: actor.run }
        yield* tell(run, { phase, attempt }, run, [{
          kind: "metadata",
          text: `${frame.method} ${JSON.stringify(frame.params)}`
        }])
      }
    },
    // Whoever writes the next event of the run meets the same, and stops the run.
    Effect.catch((error) => Effect.logError(`what a runner said could not be kept: ${error.message}`))
  )

const understood = (runner: string) => (answer: unknown) =>
  Effect.mapError(decodeAnswer(answer), ({ message }) =>
    new PluginRefused({
      plugin: runner,
      method: METHOD,
      code: ErrorCode.InternalError,
      detail: `its answer does not say how the workflow ended: ${message}`
    }))

/** Who wrote the definition relies on what stands in it. Said until the plugin has begun with the first phase. */
const warnOfUnenforced = ({ definition, phases }: RunState, runner: string) =>
  phases.some(({ attempt }) => attempt > 0) ? Effect.void : Effect.logWarning(
    `plugin ${runner} executes this run as a whole. Nobody enforces these of workflow "${definition.id}", unless the ` +
      `plugin does: ${unenforced(definition).join("; ")}`
  )

/** Comes back with the end that the run is to come to; undefined when a person has to say a word first. */
export const executeHosted = Effect.fn("HostedRun.execute")(
  function*(actor: RunActor, state: RunState, runner: string) {
    yield* warnOfUnenforced(state, runner)
    const events = new HostedEvents(runner, state.phases)
    const answer = yield* Effect.result(
      callRunner({
        plugin: runner,
        method: METHOD,
        params: yield* paramsOf(state),
        timeout: LONGEST,
        accepts: isOfRun(state.head.run),
        hand: hearing(actor, events)
      }).pipe(Effect.flatMap(understood(runner)))
    )
    const now = yield* Clock.currentTimeMillis
    if (Result.isSuccess(answer)) yield* write(actor, events.answered(answer.success, now))
    const outcome = Result.isSuccess(answer)
      ? outcomeOf(runner, answer.success, events.trouble)
      : outcomeOfError(runner, answer.failure)
    actor.performing = false
    switch (outcome._tag) {
      case "Blocked":
        yield* write(actor, [blockedOf(actor.state ?? state, outcome.reason)])
        return undefined
      case "Paused":
        yield* write(actor, [{ _tag: "RunPaused", reason: outcome.reason }])
        return undefined
      default:
        return outcome
    }
  }
)
