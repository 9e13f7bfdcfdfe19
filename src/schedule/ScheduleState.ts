/** What the clock means for a schedule: due now or not, and how often it was due while nobody looked. Pure. */
import { Cron } from "effect"
import type { ScheduleRecord, ScheduleStatus } from "../../schemas/Schedule.ts"

export const MINUTE = 60_000

export const minuteOf = (at: number): number => Math.floor(at / MINUTE) * MINUTE
const written = (minute: number): string => new Date(minute).toISOString()

export const emptyRecord: ScheduleRecord = { run_count: 0, missed_count: 0 }

/** More than these are not counted at once: a daemon that was away for long is told so by any large number. */
const COUNTED = 1000

export interface Looked {
  readonly record: ScheduleRecord
  readonly due: boolean
}

export interface Hours {
  readonly isActive: (minute: number) => boolean
}

/** Due minutes after `seen` and before `minute`, as far as work might have started in them. */
const missedBetween = (cron: Cron.Cron, seen: number, minute: number, { isActive }: Hours): number => {
  let missed = 0
  let at = Cron.next(cron, seen).getTime()
  for (let count = 0; at < minute && count < COUNTED; count++) {
    if (isActive(at)) missed++
    at = Cron.next(cron, at).getTime()
  }
  return missed
}

/**
 * At most once a minute, and never for a minute that lies behind: clocks that are set back start nothing again. A schedule
 * that is seen for the first time has missed nothing.
 */
export const look = (cron: Cron.Cron, before: ScheduleRecord, now: number, hours: Hours): Looked => {
  const minute = minuteOf(now)
  const seen = before.seen === undefined ? undefined : Date.parse(before.seen)
  if (seen !== undefined && minute <= seen) return { record: before, due: false }
  const missed = seen === undefined ? 0 : missedBetween(cron, seen, minute, hours)
  return {
    record: { ...before, seen: written(minute), missed_count: before.missed_count + missed },
    due: hours.isActive(minute) && Cron.match(cron, minute)
  }
}

/** Nothing is due, and nothing is missed, while a schedule is disabled or not there. */
export const passed = (record: ScheduleRecord, now: number): ScheduleRecord => {
  const minute = minuteOf(now)
  return record.seen === undefined || minute <= Date.parse(record.seen) ? record : { ...record, seen: written(minute) }
}

export const claimed = (record: ScheduleRecord, minute: number): ScheduleRecord => ({
  ...record,
  last_run: written(minute),
  last_status: "dispatching"
})

export const settled = (record: ScheduleRecord, status: Exclude<ScheduleStatus, "dispatching">): ScheduleRecord =>
  status === "dispatched"
    ? { ...record, last_status: status, run_count: record.run_count + 1 }
    : { ...record, last_status: status, missed_count: record.missed_count + 1 }
