import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { momentOf } from "../../src/cli/Since.ts"

describe("since", () => {
  it.effect("is a time, or how long ago", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2026-01-31T12:00:00Z"))
      const cases: ReadonlyArray<readonly [string, string]> = [
        ["2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"],
        ["2026-01-31T09:30:00+02:00", "2026-01-31T07:30:00.000Z"],
        ["2026-01-31", "2026-01-31T00:00:00.000Z"],
        ["30s", "2026-01-31T11:59:30.000Z"],
        ["15m", "2026-01-31T11:45:00.000Z"],
        ["2h", "2026-01-31T10:00:00.000Z"],
        ["7d", "2026-01-24T12:00:00.000Z"]
      ]
      for (const [given, moment] of cases) assert.strictEqual(yield* momentOf(given), moment)
    }))

  for (const given of ["yesterday", "5", "", "1w", "-2h", "2026", "2026-99-01", "2026-01-31Tnoon", "1h30m"]) {
    it.effect(`refuses "${given}" with what it takes`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(momentOf(given))
        assert.strictEqual(error.category, "invalid_request")
        assert.include(error.message, "2026-01-31T09:30:00Z")
      }))
  }
})
