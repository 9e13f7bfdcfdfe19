import { assert, describe, it } from "@effect/vitest"
import { DateTime, Result } from "effect"
import * as fc from "fast-check"
import type { ScheduleRecord } from "../../schemas/Schedule.ts"
import { claimed, emptyRecord, look, MINUTE, minuteOf, settled } from "../../src/schedule/ScheduleState.ts"
import { isActive } from "../../src/workflow/ActiveHours.ts"
import { readCron } from "../../src/workflow/CronText.ts"
import { problems, small, succeed } from "../workflow/Compiled.ts"

const always = { isActive: () => true }
const at = (text: string) => Date.parse(text)
const cronOf = (text: string) => Result.getOrThrow(readCron(text))
const due = (cron: string, moment: string) => look(cronOf(cron), emptyRecord, at(moment), always).due

describe("a schedule's time", () => {
  it.each([
    ["30 6 * * 1-5", "2026-03-02T06:30:59Z", true],
    ["30 6 * * 1-5", "2026-03-01T06:30:00Z", false],
    ["*/15 * * * *", "2026-03-01T06:45:00Z", true],
    ["@hourly", "2026-03-01T06:00:01Z", true],
    ["@daily", "2026-03-01T00:00:00Z", true],
    ["@weekly", "2026-03-01T00:00:00Z", true],
    ["@weekly", "2026-03-02T00:00:00Z", false],
    ["@monthly", "2026-03-01T00:00:00Z", true],
    ["0 0 13 * 5", "2026-03-06T00:00:00Z", true],
    ["0 0 13 * 5", "2026-04-13T00:00:00Z", true],
    ["0 0 13 * 5", "2026-04-14T00:00:00Z", false],
    ["0 0 29 2 *", "2028-02-29T00:00:00Z", true]
  ])("%s at %s: %s", (cron, moment, expected) => assert.strictEqual(due(cron, moment), expected))

  it.each([
    ["* * * * * *", "6 fields"],
    ["* * *", "3 fields"],
    ["@yearly", "known names"],
    ["61 * * * *", "between 0 and 59"],
    ["0 0 30 2 *", "never comes"],
    ["", "fields"]
  ])("%j is refused", (cron, expected) => {
    const read = readCron(cron)
    assert.include(Result.isFailure(read) ? read.failure : "", expected)
  })
})

describe("hours of activity", () => {
  const zone = DateTime.zoneMakeOffset(2 * 3_600_000)
  it.each([
    ["09:00-17:00", "2026-01-01T07:00:00Z", true],
    ["09:00-17:00", "2026-01-01T15:00:00Z", false],
    ["22:00-06:00", "2026-01-01T21:00:00Z", true],
    ["22:00-06:00", "2026-01-01T04:00:00Z", false],
    ["22:00-06:00", "2026-01-01T12:00:00Z", false],
    ["00:00-00:00", "2026-01-01T12:00:00Z", true],
    [undefined, "2026-01-01T12:00:00Z", true]
  ])("%s at %s: %s", (hours, moment, expected) => assert.strictEqual(isActive(hours, at(moment), zone), expected))
})

describe("what is remembered", () => {
  const every = cronOf("*/5 * * * *")

  it("counts what was due while nobody looked, and makes up for none of it", () => {
    const first = look(every, emptyRecord, at("2026-01-01T00:01:00Z"), always)
    assert.deepStrictEqual(first, { due: false, record: { ...emptyRecord, seen: "2026-01-01T00:01:00.000Z" } })
    const later = look(every, first.record, at("2026-01-01T00:20:30Z"), always)
    assert.deepStrictEqual([later.due, later.record.missed_count], [true, 3])
    const night = { isActive: (minute: number) => minute >= at("2026-01-01T00:10:00Z") }
    assert.strictEqual(look(every, first.record, at("2026-01-01T00:20:30Z"), night).record.missed_count, 2)
    assert.isFalse(look(every, first.record, at("2026-01-01T00:05:00Z"), night).due)
  })

  it("does not count for ever", () => {
    const long = { ...emptyRecord, seen: "1990-01-01T00:00:00.000Z" }
    assert.strictEqual(look(cronOf("* * * * *"), long, at("2026-01-01T00:00:00Z"), always).record.missed_count, 1000)
  })

  const settledRecord = (status: "dispatched" | "refused") =>
    settled(claimed(emptyRecord, at("2026-01-01T00:00:00Z")), status)

  it("tells runs from what came to nothing", () => {
    assert.include(settledRecord("dispatched"), { run_count: 1, missed_count: 0, last_status: "dispatched" })
    assert.include(settledRecord("refused"), { run_count: 0, missed_count: 1, last_status: "refused" })
  })

  it("is due at most once a minute, however clocks jump, and only in minutes that its cron matches", () => {
    const field = (min: number, max: number) =>
      fc.oneof(
        fc.constant("*"),
        fc.integer({ min, max }).map(String),
        fc.integer({ min: 2, max: 6 }).map((n) => `*/${n}`)
      )
    const crons = fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)).map((all) =>
      all.join(" ")
    )
    const jumps = fc.array(fc.integer({ min: -90_000, max: 300_000 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(crons, jumps, fc.integer({ min: 0, max: 1e12 }), (text, jumps, start) => {
        const cron = cronOf(text)
        const minutes = new Set<number>()
        let record: ScheduleRecord = emptyRecord
        let now = start
        for (const jump of jumps) {
          now = Math.max(0, now + jump)
          const looked = look(cron, record, now, always)
          assert.isAtLeast(looked.record.missed_count, record.missed_count)
          record = looked.record
          if (!looked.due) continue
          assert.isFalse(minutes.has(minuteOf(now)))
          minutes.add(minuteOf(now))
          record = settled(claimed(record, minuteOf(now)), "dispatched")
        }
        assert.strictEqual(record.run_count, minutes.size)
        assert.isTrue([...minutes].every((minute) => minute % MINUTE === 0))
      }),
      { numRuns: 10_000 }
    )
  }, 300_000)
})

describe("a schedule in a file", () => {
  const manual = "mode: manual, manual: { instructions: look }"

  it("is compiled with its defaults", () => {
    const { schedules, warnings } = succeed(
      small(manual, "it", "schedules: [{ id: s, cron: '@daily', workflow_ref: w, input: { a: 1 } }]")
    )
    assert.deepStrictEqual(warnings, [])
    assert.deepStrictEqual(schedules.map((one) => ({ ...one, input: JSON.stringify(one.input) })), [
      { id: "s", cron: "@daily", workflow_ref: "w", enabled: true, input: "{\"a\":1}" }
    ])
  })

  it("is refused where it cannot be kept", () => {
    const found = problems(small(
      manual,
      "it",
      `schedules:
  - { id: a, cron: "* * * * * *", workflow_ref: w }
  - { id: b, cron: "@daily", command: rm }
  - { id: c, cron: "@daily", workflow_ref: v }
`
    )).map((line) => line.replace(/ \(.*/, ""))
    assert.deepStrictEqual(found, [
      "w.yaml:10:20: cron \"* * * * * *\" cannot be read: it has 6 fields: minute, hour, day of month, month, day of week are five",
      "w.yaml:11:5: workflow_ref is missing",
      "w.yaml:11:30: a schedule starts a workflow, not a command",
      "w.yaml:12:44: no workflow is named \"v\""
    ])
  })
})
