/** What may be asked of a run from outside. Each command is checked against the state, and refused with what to do instead. */
import { Effect } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { IllegalTransition, RunBlocked } from "../../schemas/errors/RunErrors.ts"
import type { RunId } from "../../schemas/Ids.ts"
import type { RunEvent, RunHead } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { crashPoint } from "./CrashPoint.ts"
import { gateAnswered } from "./phases/ManualPhase.ts"
import { commit, hasEnded, type RunActor } from "./RunActor.ts"
import { locked, type RunRegistry } from "./RunRegistry.ts"
import { runStarted } from "./RunStart.ts"
import type { RunState } from "./RunState.ts"
import { nextStep } from "./RunView.ts"

const refuse = (state: RunState, command: string) =>
  new IllegalTransition({
    run: state.head.run,
    command,
    state: state.position._tag === "Cancelling" && !hasEnded(state) ? "being cancelled" : state.head.status,
    next: hasEnded(state) ? `It has ended; see: ${nextStep(state)}` : `Next: ${nextStep(state)}`
  })

export const start = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, dispatch: SubjectDispatch) {
    const actor = runs.actorOf(run)
    const begun = Effect.fnUntraced(function*(actor: RunActor, started: RunEvent) {
      yield* commit(actor, started)
      runs.keep(actor)
      yield* crashPoint("run-started")
      yield* runs.drive(actor)
    }, Effect.uninterruptible)
    const begin = Effect.gen(function*() {
      const existing = yield* runs.load(actor).pipe(Effect.catchTag("RunNotFound", () => Effect.undefined))
      if (existing !== undefined) return existing.head
      yield* begun(actor, yield* runStarted(dispatch))
      // Kept two lines above: it cannot be missing.
      const { head } = yield* Effect.orDie(runs.load(actor))
      return head
    })
    return yield* actor.lock.withPermit(begin)
  }, (effect) => Effect.provideContext(effect, runs.rooms))

export const answer = (runs: RunRegistry, command: "approve" | "reject") =>
  Effect.fnUntraced(
    function*({ note, phase, run }: { readonly run: RunId; readonly phase: string; readonly note?: string }) {
      yield* locked(
        runs,
        run,
        Effect.fnUntraced(function*(actor, state) {
          const gate = state.position._tag === "AtGate" && state.head.status === "waiting"
            ? state.position.gate
            : undefined
          if (gate?.phase.toLowerCase() !== phase.toLowerCase()) return yield* refuse(state, command)
          const said = note?.trim() === "" ? undefined : note
          if (gate.noteRequired && said === undefined) {
            return yield* new InvalidInput({
              detail: `gate "${gate.phase}" of run ${run} wants a note: ` +
                `animus workflow ${command} ${run} ${gate.phase} --note TEXT`
            })
          }
          yield* commit(actor, gateAnswered(gate, command === "approve", said))
          yield* crashPoint("gate-decided")
          yield* runs.drive(actor)
        })
      )
    }
  )

/** How long an answer waits for the end, which comes by itself from then on: longer than a subject may take to be told. */
const CANCEL_WAIT = "15 seconds"

/**
 * The word is durable first, so it holds over any crash. The live attempt has ended, at its provider too, and the subject has
 * been told, before the run is called cancelled. Where there is no room for the word, the run is left as it is.
 */
export const cancel = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, reason: string) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        if (state.head.status === "cancelled") return
        if (hasEnded(state)) return yield* refuse(state, "cancel")
        if (state.position._tag === "Cancelling") return actor.settled.isOpen() ? yield* runs.drive(actor) : undefined
        yield* commit(actor, { _tag: "CancelRequested", reason })
        yield* crashPoint("cancel-requested")
        yield* runs.halt(run)
        yield* runs.drive(actor)
      })
    )
    yield* Effect.timeoutOption(runs.settled(run), CANCEL_WAIT)
  })

/** What is in flight goes on to its end; nothing is started after it. */
export const pause = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, reason: string) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        if (state.head.status !== "running" || state.position._tag === "Cancelling") {
          return yield* refuse(state, "pause")
        }
        yield* commit(actor, { _tag: "RunPaused", reason })
      })
    )
  })

interface ResumeOptions {
  readonly force: boolean
  readonly feedback?: string
}

/** Also takes up a run whose loop stopped on a store that could not be written. */
export const resume = (runs: RunRegistry) =>
  Effect.fnUntraced(function*(run: RunId, { feedback, force }: ResumeOptions) {
    yield* locked(
      runs,
      run,
      Effect.fnUntraced(function*(actor, state) {
        const { phase, reason, status } = state.head
        if (status === "blocked" && !force) {
          return yield* new RunBlocked({ run, phase: phase ?? "?", reason: reason ?? "it may have partly executed" })
        }
        if (isHeld(state.head)) {
          yield* commit(actor, { _tag: "RunResumed", force, ...(feedback === undefined ? {} : { feedback }) })
        } else if (status !== "running" || !actor.settled.isOpen()) {
          return yield* refuse(state, "resume")
        }
        yield* runs.drive(actor)
      })
    )
  })

const held: ReadonlySet<string> = new Set(["paused", "blocked", "escalated"])
const isHeld = ({ status }: RunHead) => held.has(status)

const leftAlone = (run: string, { message }: { readonly message: string }) =>
  Effect.logError(`run ${run} cannot be taken up: ${message}`)

/** What a person holds stays held. A run that cannot be read stays where it is and keeps no other from being taken up. */
export const takeUp = Effect.fnUntraced(function*(runs: RunRegistry) {
  for (const { failure, run } of yield* runs.unreadable) yield* leftAlone(run, failure)
  return yield* Effect.forEach(yield* runs.unfinished, (head) =>
    isHeld(head)
      ? Effect.succeed(head)
      : locked(runs, head.run, (actor, { head }) => Effect.as(runs.drive(actor), head)).pipe(
        Effect.catch((error) => Effect.as(leftAlone(head.run, error), head))
      ))
})
