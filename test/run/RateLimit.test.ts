import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import type { AgentNotification } from "../../schemas/Provider.ts"
import type { AgentPhase } from "../../schemas/Workflow.ts"
import { limitOfError, limitOfResponse, sleepUntil } from "../../src/run/RateLimit.ts"
import { runDetail } from "../../src/run/RunView.ts"
import { agent, dispatch, output, response, run, workflow, World } from "./World.ts"

const now = Date.parse("2026-01-01T00:00:00.000Z")
const later = "2026-01-01T01:00:00.000Z"

describe("a rate limit as a provider tells it", () => {
  const notice = (
    method: string,
    params: unknown
  ): ReadonlyArray<AgentNotification> => [{ _tag: "Metadata", method, params }]

  it.each<readonly [string, Parameters<typeof limitOfResponse>, number | undefined | null]>([
    [
      "metadata of the response",
      [response("", { metadata: [{ type: "rate_limit", resets_at: later }] }), [], now],
      3600
    ],
    ["epoch seconds", [response("", { metadata: [{ kind: "rate-limited", reset_at: now / 1000 + 60 }] }), [], now], 60],
    ["epoch milliseconds", [response("", { metadata: [{ code: 429, retry_at: now + 60_000 }] }), [], now], 60],
    ["a notification that names it", [response(""), notice("agent/rateLimit", { retry_after_secs: 90 }), now], 90],
    [
      "an agent's own retry notice",
      [response(""), notice("agent/event", { subtype: "api_retry", error: "rate_limit", retry_delay_ms: 1500 }), now],
      1.5
    ],
    ["words alone", [response("", { errors: ["API Error: Request rejected (429) · limit"] }), [], now], undefined],
    ["other words", [response("", { errors: ["test 429 failed"] }), [], now], null],
    ["other metadata", [response("", { metadata: [{ type: "usage", resets_at: later }] }), [], now], null]
  ])("%s", (_, given, seconds) => {
    const limit = limitOfResponse(...given)
    if (seconds === null) return assert.isUndefined(limit)
    assert.strictEqual(limit?.until, seconds === undefined ? undefined : now + seconds * 1000)
  })

  it("in the data of an error", () => {
    const refused = (data: unknown) =>
      new PluginRefused({ plugin: "p", method: "agent/run", code: -32000, detail: "no", data })
    assert.strictEqual(limitOfError(refused({ kind: "rate_limited", retry_after: 5 }), now)?.until, now + 5000)
    assert.isUndefined(limitOfError(refused({ category: "unavailable" }), now))
  })

  it("is waited out within bounds", () => {
    assert.strictEqual(sleepUntil(now - 5, 0, now), now + 1000)
    assert.deepStrictEqual([1, 5, 6, 100].map((n) => (sleepUntil(now, n, now) ?? 0) - now), [
      2000,
      32_000,
      60_000,
      60_000
    ])
    assert.strictEqual(sleepUntil(now + 90_000, 100, now), now + 90_000)
    assert.strictEqual(sleepUntil(now * 2, 0, now), now + 7 * 24 * 3600_000)
    assert.deepStrictEqual([0, 1, 5, 6, 7].map((n) => (sleepUntil(undefined, n, now) ?? 0) - now), [
      60_000,
      120_000,
      1_920_000,
      3_600_000,
      3_600_000
    ])
    assert.isUndefined(sleepUntil(undefined, 8, now))
  })
})

const limited = response("", { exit_code: 1, metadata: [{ type: "rate_limit", retry_after_secs: 600 }] })

const asleep = Effect.fnUntraced(function*(speaks: boolean, ...after: ReadonlyArray<AgentPhase>) {
  const world = new World()
  world.definition = workflow(agent("implement"), ...after)
  world.agents = (session, call) =>
    Effect.andThen(
      speaks && call === 1 ? output(session, "half of it") : Effect.void,
      Effect.succeed(call === 1 ? limited : response("done"))
    )
  const { engine, scope } = yield* world.boot
  yield* engine.start(run, dispatch)
  assert.strictEqual((yield* engine.settled(run)).status, "sleeping")
  return { engine, scope, world }
})

describe("a run whose provider is limited", () => {
  it.effect("sleeps until the limit is over, and then begins the phase as a new attempt", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* asleep(false)
      yield* TestClock.adjust("599 seconds")
      assert.strictEqual(world.head?.status, "sleeping")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual(world.tags, [
        "RunStarted",
        "PhaseStarted",
        "RateLimited",
        "RecoveryDecided",
        "PhaseStarted",
        "PhaseCompleted",
        "RunCompleted"
      ])
    }))

  it.effect("sleeps on in the next daemon, for as long as is left", () =>
    Effect.gen(function*() {
      const { scope, world } = yield* asleep(false)
      yield* TestClock.adjust("400 seconds")
      yield* Scope.close(scope, Exit.void)
      const { engine } = yield* world.boot
      yield* engine.recover
      yield* TestClock.adjust("199 seconds")
      assert.strictEqual(world.sessions.length, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
    }))

  it.effect("goes on with the session that had begun, in the same attempt, where the provider can", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* asleep(true)
      world.resumable = true
      yield* TestClock.adjust("600 seconds")
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.strictEqual(world.sessions[1]?.resume, "own-1")
      assert.strictEqual(world.tags.filter((tag) => tag === "PhaseStarted").length, 1)
    }))

  it.effect("tells the session that goes on what a person said, and not the phase after it", () =>
    Effect.gen(function*() {
      const { engine, world } = yield* asleep(true, agent("next"))
      world.resumable = true
      yield* engine.resume(run, { force: false, feedback: "mind the tests" })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      const told = world.sessions.map(({ request }) => request.prompt.includes("mind the tests"))
      assert.deepStrictEqual(told, [false, true, false])
    }))

  it.effect("is blocked when it had begun, cannot be resumed and must not be repeated", () =>
    Effect.gen(function*() {
      const { engine } = yield* asleep(true)
      yield* TestClock.adjust("600 seconds")
      const head = yield* engine.settled(run)
      assert.strictEqual(head.status, "blocked")
      assert.include(head.reason ?? "", "A rate limit stopped phase \"implement\"")
      yield* engine.resume(run, { force: true })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
    }))

  it.effect("can be woken, paused and cancelled meanwhile", () =>
    Effect.gen(function*() {
      const { engine } = yield* asleep(false)
      yield* engine.pause(run, "lunch")
      yield* TestClock.adjust("2 hours")
      assert.strictEqual((yield* engine.settled(run)).status, "paused")
      yield* engine.resume(run, { force: false })
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      const other = yield* asleep(false)
      yield* other.engine.resume(run, { force: false })
      assert.strictEqual((yield* other.engine.settled(run)).status, "completed")
      const third = yield* asleep(false)
      yield* third.engine.cancel(run, "enough")
      assert.strictEqual((yield* third.engine.settled(run)).status, "cancelled")
    }))

  it.effect("says until when, and what to type", () =>
    Effect.gen(function*() {
      const { engine } = yield* asleep(false)
      const detail = runDetail(yield* engine.get(run))
      assert.strictEqual(detail.state, "sleeping")
      assert.strictEqual(detail.waits_for, "rate limit reached; it goes on by itself at 1970-01-01T00:10:00.000Z")
      assert.strictEqual(detail.next, `animus workflow events ${run} --follow`)
    }))

  it.effect("fails after all when nobody says the end of it and it does not end", () =>
    Effect.gen(function*() {
      const world = new World()
      world.agents = () => Effect.succeed(response("", { exit_code: 1, errors: ["too many requests"] }))
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      yield* engine.settled(run)
      for (let hours = 0; hours < 9; hours++) yield* TestClock.adjust("1 hour")
      const head = yield* engine.settled(run)
      assert.strictEqual(head.status, "failed")
      assert.include(head.reason ?? "", "too many requests")
      assert.strictEqual(world.sessions.length, 9)
      yield* engine.retry(run, {})
      assert.strictEqual((yield* engine.settled(run)).status, "sleeping", "a person's retry is the first of a new row")
    }))
})
