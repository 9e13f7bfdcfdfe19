/**
 * Starts work by the clock: once a minute every schedule of the project is looked at, and what is due goes into the queue. At
 * most once a minute whatever crashes when: the minute is kept as taken before the queue is asked. What was due while nobody
 * looked is counted and not made up for; a schedule whose last work is still queued or going on waits for its next time.
 */
import { Clock, DateTime, Effect, Layer, Result } from "effect"
import type { ScheduleDefinition, ScheduleRecord, ScheduleRecords } from "../../schemas/Schedule.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { publishDaemonEvent } from "../notify/DaemonEvents.ts"
import { SessionStore } from "../session/SessionStore.ts"
import { isActive } from "../workflow/ActiveHours.ts"
import type { CompiledProject } from "../workflow/Compile.ts"
import { readCron } from "../workflow/CronText.ts"
import { Workflows } from "../workflow/Workflows.ts"
import { DispatchQueue } from "./DispatchQueue.ts"
import { claimed, emptyRecord, look, MINUTE, minuteOf, passed, settled } from "./ScheduleState.ts"
import { ScheduleStore } from "./ScheduleStore.ts"

const subjectIdOf = (id: string) => `schedule:${id}`

const dispatchOf = ({ id, input, workflow_ref }: ScheduleDefinition, at: number): SubjectDispatch => ({
  subject: { kind: "custom", id: subjectIdOf(id), title: `schedule ${id}`, labels: [], metadata: {} },
  workflow_ref,
  vars: {},
  trigger_source: "schedule",
  requested_at: DateTime.formatIso(DateTime.makeUnsafe(at)),
  ...(input === undefined ? {} : { input })
})

/** The project as its files have it now, or had it last: a file that is being edited stops no clock. */
const makeProject = Effect.gen(function*() {
  const workflows = yield* Workflows
  let last: CompiledProject | undefined
  return workflows.compile.pipe(
    Effect.map((project): CompiledProject | undefined => last = project),
    Effect.catch(({ message }) =>
      last === undefined
        ? Effect.as(Effect.logError(`schedules wait until the workflow files can be read: ${message}`), undefined)
        : Effect.succeed(last)
    )
  )
})

const makeLedger = Effect.gen(function*() {
  const store = yield* ScheduleStore
  let records: ScheduleRecords = yield* store.load
  return {
    of: (id: string): ScheduleRecord => records[id] ?? emptyRecord,
    all: () => Object.entries(records),
    /** Remembered only when they are kept. */
    put: (changed: ScheduleRecords) => {
      const next = { ...records, ...changed }
      return Effect.map(store.save(next), () => {
        records = next
      })
    }
  }
})
type Ledger = Effect.Success<typeof makeLedger>

/** The last daemon died with a minute taken: only the queue knows whether it came so far. */
const recover = Effect.fnUntraced(function*(ledger: Ledger) {
  const queue = yield* DispatchQueue
  const queued = new Set((yield* queue.list).map(({ dispatch }) => `${dispatch.subject.id} ${dispatch.requested_at}`))
  for (const [id, record] of ledger.all()) {
    if (record.last_status !== "dispatching") continue
    yield* ledger.put({
      [id]: settled(record, queued.has(`${subjectIdOf(id)} ${record.last_run}`) ? "dispatched" : "lost")
    })
  }
})

/** What is queued, or goes on, for this schedule keeps a second one away: a run that was retried has no entry any more. */
const dispatched = Effect.fnUntraced(function*(dispatch: SubjectDispatch) {
  const queue = yield* DispatchQueue
  const store = yield* SessionStore
  const workflow = dispatch.workflow_ref.toLowerCase()
  const goesOn = (yield* store.unfinished).some((head) =>
    head.subject_id === dispatch.subject.id && head.workflow.toLowerCase() === workflow
  )
  if (goesOn) return "overlapped" as const
  const entry = yield* queue.enqueue(dispatch, 0)
  return entry.dispatch.requested_at === dispatch.requested_at ? "dispatched" as const : "overlapped" as const
})

const start = Effect.fnUntraced(
  function*(schedule: ScheduleDefinition, record: ScheduleRecord, minute: number, ledger: Ledger) {
    const { id } = schedule
    const taken = claimed(record, minute)
    yield* ledger.put({ [id]: taken })
    const status = yield* Effect.catch(
      dispatched(dispatchOf(schedule, minute)),
      ({ message }) => Effect.as(Effect.logError(`schedule ${id} starts nothing: ${message}`), "refused" as const)
    )
    if (status === "overlapped") yield* Effect.logWarning(`schedule ${id} starts nothing: its last work is not over`)
    yield* ledger.put({ [id]: settled(taken, status) })
    yield* publishDaemonEvent("schedule", { schedule_id: id, status, workflow_ref: schedule.workflow_ref })
  }
)

const tick = Effect.fnUntraced(function*(project: CompiledProject, now: number, ledger: Ledger) {
  const hours = { isActive: (minute: number) => isActive(project.activeHours, minute) }
  const looked = project.schedules.flatMap((schedule) => {
    const cron = readCron(schedule.cron)
    if (!schedule.enabled || Result.isFailure(cron)) return []
    return [{ schedule, ...look(cron.success, ledger.of(schedule.id), now, hours) }]
  })
  const ticking = new Set(looked.map(({ schedule }) => schedule.id))
  const idle = [
    ...ledger.all().filter(([id]) => !ticking.has(id)).map(([id, record]) => [id, passed(record, now)] as const),
    ...looked.filter(({ due }) => !due).map(({ record, schedule }) => [schedule.id, record] as const)
  ]
  if (idle.length > 0) yield* ledger.put(Object.fromEntries(idle))
  for (const { due, record, schedule } of looked) if (due) yield* start(schedule, record, minuteOf(now), ledger)
})

const untilNextMinute = Effect.flatMap(
  Clock.currentTimeMillis,
  (now) => Effect.sleep(minuteOf(now) + MINUTE - now)
)

/** Begins as soon as it is built. */
export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const project = yield* makeProject
  const ledger = yield* makeLedger
  yield* recover(ledger)
  const once = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const compiled = yield* project
    if (compiled !== undefined) yield* tick(compiled, now, ledger)
  })
  const patient = Effect.catch(once, ({ message }) => Effect.logError(`schedules cannot be remembered: ${message}`))
  yield* patient.pipe(Effect.andThen(untilNextMinute), Effect.forever, Effect.forkScoped)
}))
