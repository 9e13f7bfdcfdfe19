/**
 * Executes runs: fold the journal, decide, do, append. A finished attempt of a phase is never run twice; every event is
 * durable before anyone hears of it; nothing ambiguous is repeated without a person's word.
 */
import { Context, Effect, Layer } from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import type { InvalidInput, ProjectNotTrusted, StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { SessionNotFound } from "../../schemas/errors/PluginErrors.ts"
import type {
  IllegalTransition,
  RunBlocked,
  RunNotFound,
  SequenceConflict,
  SessionStoreFailed,
  WorkflowInvalid,
  WorkflowNotFound
} from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { RunHead } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import type { AgentError, Remainder } from "../agent/AgentSessions.ts"
import type { SubjectError } from "../subject/SubjectRouter.ts"
import { respond, type RunAnswer } from "./InteractionAnswer.ts"
import { approve, type GateAnswer, type GateRejection, reject, retry, type RetryOptions } from "./PersonCommands.ts"
import type { Interaction } from "./Position.ts"
import { cancel, type Fork, fork, pause, remove, resume, start, takeUp } from "./RunCommands.ts"
import { makeRegistry } from "./RunRegistry.ts"
import type { RunState } from "./RunState.ts"
import type { RunTrouble } from "./RunTrouble.ts"

export type StoreError = SessionStoreFailed | SequenceConflict
export type StartError =
  | StoreError
  | WorkflowInvalid
  | WorkflowNotFound
  | ProjectNotTrusted
  | StateFolderUnusable
  | SubjectError
  | InvalidInput
export type CommandError = StoreError | RunNotFound | IllegalTransition | InvalidInput | RunBlocked

export class RunEngine extends Context.Service<RunEngine, {
  /** Returns when the run's first event is durable; the run goes on by itself. Starting a run that exists is a no-op that returns its head. */
  readonly start: (run: RunId, dispatch: SubjectDispatch) => Effect.Effect<RunHead, StartError>
  readonly approve: (answer: GateAnswer) => Effect.Effect<void, CommandError>
  /** Ends the run, or sends it back to the phase that the answer names. */
  readonly reject: (answer: GateRejection) => Effect.Effect<void, CommandError>
  /** Comes back with what of it could not be ended, by whatever agent it was started. */
  readonly cancel: (run: RunId, reason: string) => Effect.Effect<ReadonlyArray<Remainder>, CommandError>
  readonly pause: (run: RunId, reason: string) => Effect.Effect<void, CommandError>
  readonly resume: (
    run: RunId,
    options: { readonly force: boolean; readonly feedback?: string }
  ) => Effect.Effect<void, CommandError>
  /** Says a person's word to a question of the live attempt, durably first. */
  readonly respond: (answer: RunAnswer) => Effect.Effect<void, CommandError | AgentError | SessionNotFound>
  /** The questions that are open in this daemon's runs. */
  readonly asking: Effect.Effect<ReadonlyArray<{ readonly run: RunId } & Interaction>>
  /** Takes a failed, escalated or blocked run into a phase again. */
  readonly retry: (run: RunId, options: RetryOptions) => Effect.Effect<void, CommandError>
  /** A new run with the definition that another one pinned; starting one that exists is a no-op, as with `start`. */
  readonly fork: (run: RunId, fork: Fork) => Effect.Effect<RunHead, StartError | RunNotFound>
  /** Everything that is kept of a run that has ended goes away. */
  readonly remove: (run: RunId) => Effect.Effect<void, StoreError | RunNotFound | IllegalTransition>
  readonly get: (run: RunId) => Effect.Effect<RunState, RunNotFound | SessionStoreFailed>
  /** Returns when the run is neither running nor about to: finished, or waiting for somebody. */
  readonly settled: (run: RunId) => Effect.Effect<RunHead, RunNotFound | SessionStoreFailed>
  /** The runs that this daemon has at work now, whoever began them. What waits for somebody, or for its time, is not among them. */
  readonly atWork: Effect.Effect<ReadonlyArray<RunId>>
  /** Runs that stand still and ought not to: they wait for the store, or were stopped by what they read there. */
  readonly troubles: Effect.Effect<ReadonlyArray<RunTrouble>>
  /** Takes up every unfinished run where it was. Called once, before anything new starts. */
  readonly recover: Effect.Effect<ReadonlyArray<RunHead>, StoreError>
}>()("animus/run/RunEngine") {
  static readonly layer = Layer.effect(RunEngine, Effect.suspend(() => make)).pipe(
    Layer.provide([Digest.layerWebCrypto, SecureRandom.layerWebCrypto])
  )
}

const make = Effect.gen(function*() {
  const runs = yield* makeRegistry
  return RunEngine.of({
    start: Effect.fn("RunEngine.start")(start(runs)),
    approve: Effect.fn("RunEngine.approve")(approve(runs)),
    reject: Effect.fn("RunEngine.reject")(reject(runs)),
    cancel: Effect.fn("RunEngine.cancel")(cancel(runs)),
    pause: Effect.fn("RunEngine.pause")(pause(runs)),
    resume: Effect.fn("RunEngine.resume")(resume(runs)),
    respond: Effect.fn("RunEngine.respond")(respond(runs)),
    asking: runs.asking,
    retry: Effect.fn("RunEngine.retry")(retry(runs)),
    fork: Effect.fn("RunEngine.fork")(fork(runs)),
    remove: Effect.fn("RunEngine.remove")(remove(runs)),
    get: Effect.fn("RunEngine.get")(runs.get),
    settled: Effect.fn("RunEngine.settled")(runs.settled),
    atWork: runs.atWork,
    troubles: runs.troubles,
    recover: Effect.withSpan(takeUp(runs), "RunEngine.recover")
  })
})
