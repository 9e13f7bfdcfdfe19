/**
 * Executes runs: fold the journal, decide, do, append. A finished attempt of a phase is never run twice; every event is
 * durable before anyone hears of it; nothing ambiguous is repeated without a person's word.
 */
import { Cause, Context, Effect, Fiber, FiberMap, type FileSystem, Layer, Option, type Path } from "effect"
import { Digest, SecureRandom } from "effect/crypto"
import type { ChildProcessSpawner } from "effect/process"
import { InvalidInput, type ProjectNotTrusted, type StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import {
  IllegalTransition,
  RunBlocked,
  RunNotFound,
  type SequenceConflict,
  type SessionStoreFailed,
  type WorkflowInvalid,
  type WorkflowNotFound
} from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { RunHead } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import type { AgentSessions } from "../agent/AgentSessions.ts"
import type { Notifications } from "../notify/Notifications.ts"
import type { ProjectScope } from "../project/ProjectScope.ts"
import type { Trust } from "../project/Trust.ts"
import { SessionStore } from "../session/SessionStore.ts"
import type { SubjectError, SubjectRouter } from "../subject/SubjectRouter.ts"
import type { Workflows } from "../workflow/Workflows.ts"
import { crashPoint } from "./CrashPoint.ts"
import { gateAnswered } from "./phases/ManualPhase.ts"
import { commit, hasEnded, makeActor, type RunActor } from "./RunActor.ts"
import { runLoop } from "./RunLoop.ts"
import { runStarted } from "./RunStart.ts"
import { project, type RunState } from "./RunState.ts"
import { nextStep } from "./RunView.ts"

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

export interface GateAnswer {
  readonly run: RunId
  readonly phase: string
  readonly note?: string
}

export class RunEngine extends Context.Service<RunEngine, {
  /** Returns when the run's first event is durable; the run goes on by itself. Starting a run that exists is a no-op that returns its head. */
  readonly start: (run: RunId, dispatch: SubjectDispatch) => Effect.Effect<RunHead, StartError>
  readonly approve: (answer: GateAnswer) => Effect.Effect<void, CommandError>
  readonly reject: (answer: GateAnswer) => Effect.Effect<void, CommandError>
  readonly cancel: (run: RunId, reason: string) => Effect.Effect<void, CommandError>
  readonly pause: (run: RunId, reason: string) => Effect.Effect<void, CommandError>
  readonly resume: (
    run: RunId,
    options: { readonly force: boolean; readonly feedback?: string }
  ) => Effect.Effect<void, CommandError>
  readonly get: (run: RunId) => Effect.Effect<RunState, RunNotFound | SessionStoreFailed>
  /** Returns when the run is neither running nor about to: finished, or waiting for somebody. */
  readonly settled: (run: RunId) => Effect.Effect<RunHead, RunNotFound | SessionStoreFailed>
  /** Takes up every unfinished run where it was. Called once, before anything new starts. */
  readonly recover: Effect.Effect<ReadonlyArray<RunHead>, StoreError>
}>()("animus/run/RunEngine") {
  static readonly layer = Layer.effect(RunEngine, Effect.suspend(() => make)).pipe(
    Layer.provide([Digest.layerWebCrypto, SecureRandom.layerWebCrypto])
  )
}

type Rooms =
  | AgentSessions
  | ChildProcessSpawner.ChildProcessSpawner
  | Digest.Digest
  | FileSystem.FileSystem
  | Notifications
  | Path.Path
  | ProjectScope
  | SecureRandom.SecureRandom
  | SessionStore
  | SubjectRouter
  | Trust
  | Workflows

const make = Effect.gen(function*() {
  const store = yield* SessionStore
  const rooms = yield* Effect.context<Rooms>()
  const loops = yield* FiberMap.make<RunId>()
  const actors = new Map<RunId, RunActor>()

  const actorOf = (run: RunId): RunActor => {
    const known = actors.get(run)
    if (known !== undefined) return known
    const actor = makeActor(run)
    actors.set(run, actor)
    return actor
  }

  /** Nothing is appended to a run that has ended, so it need not be kept in memory: the journal has it. */
  const release = (actor: RunActor) => {
    if (actors.get(actor.run) === actor) actors.delete(actor.run)
  }

  const read = Effect.fnUntraced(function*(run: RunId) {
    const state = project(run, yield* store.read(run))
    return state ?? (yield* new RunNotFound({ run }))
  })

  /** With the lock held: the state, from the journal when this daemon has not met the run yet. */
  const load = Effect.fnUntraced(function*(actor: RunActor) {
    if (actor.state !== undefined) return actor.state
    const state = yield* Effect.tapError(read(actor.run), () => Effect.sync(() => release(actor)))
    actor.state = state
    return state
  })

  const locked = <A, E, R>(run: RunId, command: (actor: RunActor, state: RunState) => Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const actor = actorOf(run)
      return actor.lock.withPermit(Effect.flatMap(load(actor), (state) => command(actor, state)))
    }).pipe(Effect.provideContext(rooms))

  const ended = (actor: RunActor, loop: number) =>
    Effect.suspend(() => {
      if (actor.loops !== loop) return Effect.void
      actor.performing = false
      if (hasEnded(actor.state)) release(actor)
      return actor.settled.open
    })

  /** Only damage or another writer stops a loop: the journal stays as it is and is read afresh by whoever comes next. */
  const stopped = Effect.fnUntraced(function*(actor: RunActor, cause: Cause.Cause<StoreError>) {
    release(actor)
    yield* Effect.logError(`run ${actor.run} stopped where it is`, cause)
  })

  /** With the lock held. A loop that is performing an attempt looks again by itself when the attempt is over. */
  const drive = Effect.fnUntraced(function*(actor: RunActor) {
    if (actor.performing) return
    yield* actor.settled.close
    const loop = ++actor.loops
    yield* runLoop(actor).pipe(
      Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.interrupt : stopped(actor, cause)),
      Effect.ensuring(ended(actor, loop)),
      Effect.annotateLogs({ run: actor.run }),
      FiberMap.run(loops, actor.run, { startImmediately: false })
    )
  })

  const refuse = (state: RunState, command: string) =>
    new IllegalTransition({
      run: state.head.run,
      command,
      state: state.head.status,
      next: hasEnded(state) ? `It has ended; see: ${nextStep(state)}` : `Next: ${nextStep(state)}`
    })

  const start = Effect.fn("RunEngine.start")(function*(run: RunId, dispatch: SubjectDispatch) {
    const actor = actorOf(run)
    return yield* actor.lock.withPermit(Effect.gen(function*() {
      const existing = yield* load(actor).pipe(Effect.catchTag("RunNotFound", () => Effect.undefined))
      if (existing !== undefined) return existing.head
      actors.set(run, actor)
      yield* commit(actor, yield* runStarted(dispatch)).pipe(
        Effect.tapError(() => Effect.sync(() => release(actor)))
      )
      yield* crashPoint("run-started")
      const state = yield* Effect.orDie(load(actor))
      yield* drive(actor)
      return state.head
    }))
  }, Effect.provideContext(rooms))

  const answer = (command: "approve" | "reject") =>
    Effect.fn(`RunEngine.${command}`)(({ note, phase, run }: GateAnswer) =>
      locked(run, Effect.fnUntraced(function*(actor, state) {
        const gate = state.position._tag === "AtGate" && state.head.status === "waiting" ? state.position.gate : undefined
        if (gate === undefined || gate.phase.toLowerCase() !== phase.toLowerCase()) return yield* refuse(state, command)
        const said = note?.trim() === "" ? undefined : note
        if (gate.noteRequired && said === undefined) {
          return yield* new InvalidInput({
            detail: `gate "${gate.phase}" of run ${run} wants a note: animus workflow ${command} ${run} --phase ${gate.phase} --note TEXT`
          })
        }
        yield* commit(actor, gateAnswered(gate, command === "approve", said))
        yield* crashPoint("gate-decided")
        yield* drive(actor)
      }))
    )

  const cancel = Effect.fn("RunEngine.cancel")((run: RunId, reason: string) =>
    locked(run, Effect.fnUntraced(function*(actor, state) {
      if (state.head.status === "cancelled") return
      if (hasEnded(state)) return yield* refuse(state, "cancel")
      const live = yield* FiberMap.get(loops, run)
      if (Option.isSome(live)) yield* Fiber.interrupt(live.value)
      yield* commit(actor, { _tag: "RunCancelled", reason })
      release(actor)
    }))
  )

  const pause = Effect.fn("RunEngine.pause")((run: RunId, reason: string) =>
    locked(run, Effect.fnUntraced(function*(actor, state) {
      if (state.head.status !== "running") return yield* refuse(state, "pause")
      yield* commit(actor, { _tag: "RunPaused", reason })
    }))
  )

  const resume = Effect.fn("RunEngine.resume")(
    (run: RunId, { feedback, force }: { readonly force: boolean; readonly feedback?: string }) =>
      locked(run, Effect.fnUntraced(function*(actor, state) {
        const { phase, reason, status } = state.head
        const stalled = status === "running" && actor.settled.isOpen()
        if (status === "blocked" && !force) {
          return yield* new RunBlocked({ run, phase: phase ?? "?", reason: reason ?? "it may have partly executed" })
        }
        if (!stalled && status !== "blocked" && status !== "paused" && status !== "escalated") {
          return yield* refuse(state, "resume")
        }
        if (!stalled) {
          yield* commit(actor, { _tag: "RunResumed", force, ...(feedback === undefined ? {} : { feedback }) })
        }
        yield* drive(actor)
      }))
  )

  const get = Effect.fn("RunEngine.get")(function*(run: RunId) {
    return actors.get(run)?.state ?? (yield* read(run))
  })

  const settled = Effect.fn("RunEngine.settled")(function*(run: RunId) {
    const actor = actors.get(run)
    if (actor !== undefined) yield* actor.settled.await
    const state = actor?.state ?? (yield* read(run))
    return state.head
  })

  /** A run that cannot be read stays where it is and keeps no other from being taken up. */
  const takeUp = (head: RunHead) =>
    locked(head.run, (actor, state) => Effect.as(drive(actor), state.head)).pipe(
      Effect.catch((error) => Effect.as(Effect.logError(`run ${head.run} cannot be taken up: ${error.message}`), head))
    )

  const recover = Effect.gen(function*() {
    const heads = yield* store.unfinished
    return yield* Effect.forEach(heads, (head) => isHeld(head) ? Effect.succeed(head) : takeUp(head))
  }).pipe(Effect.withSpan("RunEngine.recover"))

  return RunEngine.of({ start, approve: answer("approve"), reject: answer("reject"), cancel, pause, resume, get, settled, recover })
})

const held: ReadonlySet<string> = new Set(["paused", "blocked", "escalated"])
const isHeld = ({ status }: RunHead) => held.has(status)

