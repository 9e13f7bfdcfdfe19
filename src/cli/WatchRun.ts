/**
 * A run as it happens: its events, and what its agents and commands say in between. Ends when the run does, or when it waits
 * for somebody, and then says what to type. A run that ended without being completed is the command's failure.
 */
import { Deferred, Effect, Stream } from "effect"
import { type AgentOutput, SETTLED } from "../../schemas/control/AgentRpcs.ts"
import { settlingEventKinds, type WorkflowEvent } from "../../schemas/control/Events.ts"
import { RunNotCompleted } from "../../schemas/errors/RunErrors.ts"
import { ControlClient } from "../control/ControlClient.ts"
import { aside, element } from "./Output.ts"
import { eventLine, outputLines } from "./render/EventText.ts"
import { nextStep, soFar } from "./render/RunText.ts"

type Item =
  | { readonly _tag: "Event"; readonly event: WorkflowEvent }
  | { readonly _tag: "Output"; readonly output: AgentOutput }
  | { readonly _tag: "Subscribed" }

const subscribed: Item = { _tag: "Subscribed" }

/** Of one run, or of all; once both subscriptions stand, `Subscribed` says so, and from then on nothing is missed. */
const itemsOf = Effect.fnUntraced(function*(id: string | undefined) {
  const control = yield* ControlClient
  const only = id === undefined ? {} : { workflow_id: id }
  const events = control["workflow/events"](only).pipe(
    Stream.map((event): Item => "watching" in event ? subscribed : { _tag: "Event", event: event as WorkflowEvent })
  )
  const output = control["agent/watch"](only).pipe(
    Stream.map((output): Item => "watching" in output ? subscribed : { _tag: "Output", output })
  )
  let standing = 0
  return Stream.merge(events, output).pipe(
    Stream.filter((item) => item._tag !== "Subscribed" || ++standing === 2)
  )
})

const show = (item: Item) => {
  switch (item._tag) {
    case "Event":
      return element(item.event, eventLine(item.event))
    case "Output":
      return item.output.kind === SETTLED ? Effect.void : element(item.output, outputLines(item.output))
    case "Subscribed":
      return Effect.void
  }
}

const isOf = (id: string, item: Item): boolean =>
  (item._tag === "Event" && item.event.workflow_id === id) ||
  (item._tag === "Output" && item.output.workflow_id === id)

/** The last word: the run itself, and as a failure if that is what it is. */
const conclude = Effect.fnUntraced(function*(id: string) {
  const control = yield* ControlClient
  const run = yield* control["workflow/get"]({ id })
  const said = nextStep(run)
  const isBad = run.status === "failed" || run.status === "cancelled"
  yield* element(run, isBad ? undefined : said)
  if (isBad) return yield* new RunNotCompleted({ run: id, status: run.status, said })
})

/** How long the last words may be on their way, which the daemon sent before the event that settles the run. */
const LAST_WORDS = "5 seconds"

const unheard = (run: string) =>
  aside(
    `not all that was said has arrived within ${LAST_WORDS}; the run's folder has all of it: animus workflow get ${run}`
  )

/**
 * When the run is over for now. Its events and what its agents say come on connections of their own, and either may be
 * behind: it is over once both have said so, or `overdue` returns because the other does not.
 */
const makeEnd = Effect.sync(() => {
  const settled = Deferred.makeUnsafe<string>()
  const closed = new Set<string>()
  let at: string | undefined
  const isLast = (item: Item): boolean => {
    if (item._tag === "Output" && item.output.kind === SETTLED) closed.add(item.output.text)
    if (item._tag === "Event" && settlingEventKinds.has(item.event.kind)) {
      at ??= item.event.occurred_at
      Deferred.doneUnsafe(settled, Effect.succeed(item.event.workflow_id))
    }
    return at !== undefined && closed.has(at)
  }
  const overdue = Effect.flatMap(Deferred.await(settled), (run) => Effect.delay(unheard(run), LAST_WORDS))
  return { isLast, overdue }
})

/** What has happened before the subscription is told first; a run that waits or has ended is not waited for. */
export const watchRun = Effect.fnUntraced(function*(id: string) {
  const control = yield* ControlClient
  const { isLast, overdue } = yield* makeEnd
  const isOver = Effect.fnUntraced(function*(item: Item) {
    if (item._tag !== "Subscribed") return isLast(item)
    const run = yield* control["workflow/get"]({ id })
    if (run.status !== "running") return true
    yield* element(run, soFar(run))
    return false
  })
  yield* (yield* itemsOf(id)).pipe(
    Stream.tap(show),
    Stream.takeUntilEffect(isOver),
    Stream.interruptWhen(overdue),
    Stream.runDrain
  )
  yield* conclude(id)
})

/** The run that `begin` starts, from its first event on: it is begun only when nothing of it can be missed. */
export const beginAndWatch = Effect.fnUntraced(function*<E, R>(begin: Effect.Effect<string, E, R>) {
  const { isLast, overdue } = yield* makeEnd
  let id = ""
  yield* (yield* itemsOf(undefined)).pipe(
    Stream.tap((item) =>
      item._tag !== "Subscribed" ? Effect.void : Effect.map(begin, (begun) => {
        id = begun
      })
    ),
    Stream.filter((item) => isOf(id, item)),
    Stream.tap(show),
    Stream.takeUntil(isLast),
    Stream.interruptWhen(overdue),
    Stream.runDrain
  )
  yield* conclude(id)
})
