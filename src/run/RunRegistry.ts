/**
 * The runs this daemon has met: one actor each, at most one loop each, all ended with the daemon's scope. Reads what it does
 * not know from the journal.
 */
import { Cause, DateTime, Effect, Fiber, FiberMap, type FileSystem, Option, type Path } from "effect"
import type { Digest, SecureRandom } from "effect/crypto"
import type { ChildProcessSpawner } from "effect/process"
import { RunNotFound, type SequenceConflict, type SessionStoreFailed } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { AgentSessions } from "../agent/AgentSessions.ts"
import type { Notifications } from "../notify/Notifications.ts"
import type { PluginHost } from "../plugin/PluginHost.ts"
import type { HostEnvironment } from "../project/HostEnvironment.ts"
import type { ProjectScope } from "../project/ProjectScope.ts"
import type { Trust } from "../project/Trust.ts"
import { SessionStore } from "../session/SessionStore.ts"
import type { SubjectRouter } from "../subject/SubjectRouter.ts"
import type { Workflows } from "../workflow/Workflows.ts"
import type { PhaseRunner } from "./PhaseRunner.ts"
import { hasEnded, makeActor, publishEvents, type RunActor } from "./RunActor.ts"
import { runLoop } from "./RunLoop.ts"
import { project, type RunState } from "./RunState.ts"
import { makeTroubles } from "./RunTrouble.ts"
import { runStopped } from "./WorkflowEvents.ts"

/** What performing a run may need of the rest of the daemon. */
export type Rooms =
  | AgentSessions
  | ChildProcessSpawner.ChildProcessSpawner
  | Digest.Digest
  | FileSystem.FileSystem
  | HostEnvironment
  | Notifications
  | Path.Path
  | PhaseRunner
  | PluginHost
  | ProjectScope
  | SecureRandom.SecureRandom
  | SessionStore
  | SubjectRouter
  | Trust
  | Workflows

export type RunRegistry = Effect.Success<typeof makeRegistry>

/** An attempt goes on to its end in a run that is paused, too; one that asks somebody waits. */
const isAtWork = ({ performing, settled, state }: RunActor) => {
  if (state === undefined || settled.isOpen()) return false
  return state.head.status === "running" || (performing && (state.interactions ?? []).length === 0)
}

/** Runs by id, from memory or else from the journal. */
const makeActors = (store: SessionStore["Service"]) => {
  const actors = new Map<RunId, RunActor>()

  const read = Effect.fnUntraced(function*(run: RunId) {
    const state = project(run, yield* store.read(run))
    return state ?? (yield* new RunNotFound({ run }))
  })

  /** Nothing is appended to a run that has ended, so it need not be kept in memory: the journal has it. */
  const release = (actor: RunActor) => {
    if (actors.get(actor.run) === actor) actors.delete(actor.run)
  }

  return {
    release,
    actorOf: (run: RunId): RunActor => {
      const actor = actors.get(run) ?? makeActor(run)
      actors.set(run, actor)
      return actor
    },
    /** A run that was not there when it was looked for, and is now. */
    keep: (actor: RunActor) => void actors.set(actor.run, actor),
    /** With the lock held. */
    load: Effect.fnUntraced(function*(actor: RunActor) {
      actor.state ??= yield* Effect.tapError(read(actor.run), () => Effect.sync(() => release(actor)))
      return actor.state
    }),
    get: Effect.fnUntraced(function*(run: RunId) {
      return actors.get(run)?.state ?? (yield* read(run))
    }),
    asking: Effect.sync(() =>
      [...actors].flatMap(([run, { state }]) => (state?.interactions ?? []).map((one) => ({ run, ...one })))
    ),
    atWork: Effect.sync(() => [...actors.values()].filter(isAtWork).map(({ run }) => run)),
    settled: Effect.fnUntraced(function*(run: RunId) {
      const actor = actors.get(run)
      if (actor !== undefined) yield* actor.settled.await
      const state = actor?.state ?? (yield* read(run))
      return state.head
    })
  }
}

export const makeRegistry = Effect.gen(function*() {
  const store = yield* SessionStore
  const rooms = yield* Effect.context<Rooms>()
  const loops = yield* FiberMap.make<RunId>()
  const actors = makeActors(store)
  const troubles = makeTroubles()

  const ended = (actor: RunActor, loop: number) =>
    Effect.suspend(() => {
      if (actor.loops !== loop) return Effect.void
      actor.performing = false
      if (hasEnded(actor.state)) actors.release(actor)
      return actor.settled.open
    })

  /** Only damage or another writer stops a loop: the journal stays as it is and is read afresh by whoever comes next. */
  const stopped = Effect.fnUntraced(
    function*(actor: RunActor, cause: Cause.Cause<SessionStoreFailed | SequenceConflict>) {
      const { run } = actor
      actors.release(actor)
      const why = Cause.prettyErrors(cause).map(({ message }) => message).join("; ")
      troubles.stopped.set(run, why)
      yield* Effect.logError(`run ${run} stopped where it is`, cause)
      // Not of the journal: for whoever watches the run, and for whoever counts it as being at work.
      yield* publishEvents([runStopped(run, why, DateTime.formatIso(yield* DateTime.now))])
    },
    Effect.provideContext(rooms)
  )

  /** With the lock held. A loop that is performing an attempt looks again by itself when the attempt is over. */
  const drive = Effect.fnUntraced(function*(actor: RunActor) {
    if (actor.performing) return
    yield* actor.settled.close
    const loop = ++actor.loops
    troubles.stopped.delete(actor.run)
    yield* troubles.waits.follow(actor.run, runLoop(actor)).pipe(
      Effect.catchCause((cause) => Cause.hasInterruptsOnly(cause) ? Effect.interrupt : stopped(actor, cause)),
      Effect.ensuring(ended(actor, loop)),
      Effect.annotateLogs({ run: actor.run }),
      FiberMap.run(loops, actor.run)
    )
  }, Effect.provideContext(rooms))

  return {
    ...actors,
    rooms,
    drive,
    /** Interrupts the run's loop, if any, and returns when it has ended. */
    halt: (run: RunId) =>
      Effect.flatMap(
        FiberMap.get(loops, run),
        (live) => Option.isSome(live) ? Fiber.interrupt(live.value) : Effect.void
      ),
    troubles: Effect.sync(troubles.list),
    remove: store.remove,
    unfinished: store.unfinished,
    unreadable: store.unreadable
  }
})

/** One turn of a command; undefined when the actor it waited for was let go meanwhile: the one that is kept now knows better. */
const turn = Effect.fnUntraced(function*<A, E, R>(
  runs: RunRegistry,
  actor: RunActor,
  command: (actor: RunActor, state: RunState) => Effect.Effect<A, E, R>
) {
  if (runs.actorOf(actor.run) !== actor) return undefined
  const state = yield* runs.load(actor)
  // A run that has ended is not kept in memory, unless the command has brought it back to life.
  const leave = Effect.sync(() => {
    if (hasEnded(actor.state) && actor.settled.isOpen()) runs.release(actor)
  })
  return { value: yield* Effect.ensuring(Effect.uninterruptible(command(actor, state)), leave) }
})

/**
 * One writer per run: a command sees the state, and appends to it, with the run's lock held. A caller that goes away cannot
 * leave it half done: what was appended is also acted on.
 */
export const locked = Effect.fnUntraced(
  function*<A, E, R>(
    runs: RunRegistry,
    run: RunId,
    command: (actor: RunActor, state: RunState) => Effect.Effect<A, E, R>
  ) {
    while (true) {
      const actor = runs.actorOf(run)
      const done = yield* actor.lock.withPermit(turn(runs, actor, command))
      if (done !== undefined) return done.value
    }
  },
  (effect, runs) => Effect.provideContext(effect, runs.rooms)
)
