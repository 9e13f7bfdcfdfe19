/**
 * One rogue beside a well-behaved plugin, in a host of their own. Whatever the rogue does: its callers get the outcomes that
 * are written beside its name, each by its deadline; the other plugin answers all the while; memory stays bounded; and when
 * the host closes no process is left that carries its mark.
 */
import { assert, it, layer } from "@effect/vitest"
import { Duration, Effect, Ref, Schedule, type Scope } from "effect"
import type { PluginError } from "../../../schemas/errors/PluginErrors.ts"
import { PluginHost, type PluginState } from "../../../src/plugin/PluginHost.ts"
import type { ProcessTable } from "../../../src/project/ProcessTable.ts"
import { type Options, type Place, sharedHost, withPlugins } from "../plugin/Workshop.ts"

export type Host = PluginHost["Service"]
export type Outcome = PluginError["_tag"] | "answered"

const MIB = 1024 * 1024
/** Far above what buffers may hold, far below what floods write; several rogues may share the process. */
const MEMORY = 300 * MIB
/** Between a deadline and the answer that it brings, on a busy machine. */
const GRACE = 10_000
const PATIENT = 60_000
const SHORT = 500

/** The rogue is `fixture`, as in the one other place that hosts it. */
const FIXTURE = "fixture"
export const call = (host: Host, method = "work", timeout = PATIENT, name = FIXTURE) =>
  host.call(name, method, {}, { timeout })

const outcome = Effect.fnUntraced(function*(
  host: Host,
  name: string,
  expected: Outcome,
  deadline: number | undefined
) {
  const timeout = deadline ?? (expected === "RequestTimedOut" ? SHORT : PATIENT)
  const [took, result] = yield* Effect.timed(Effect.match(call(host, "work", timeout, name), {
    onSuccess: (answer) => ({ tag: "answered" as const, words: JSON.stringify(answer) }),
    onFailure: (error) => ({ tag: error._tag, words: error.message })
  }))
  assert.isBelow(Duration.toMillis(took), timeout + GRACE, `${result.tag} came after its deadline`)
  return result
})

/** The neighbour is asked all the while, and what the process holds is looked at as often. */
const beside = Effect.fnUntraced(function*<A, E, R>(host: Host, act: Effect.Effect<A, E, R>) {
  const before = process.memoryUsage().rss
  const answers = yield* Ref.make(0)
  const peak = yield* Ref.make(before)
  const ask = host.call("neighbour", "ping", {}, { timeout: PATIENT }).pipe(
    Effect.andThen(Ref.update(answers, (count) => count + 1)),
    Effect.andThen(Effect.sync(() => process.memoryUsage().rss)),
    Effect.flatMap((rss) => Ref.update(peak, (most) => Math.max(most, rss)))
  )
  yield* ask
  const asking = Effect.repeat(ask, Schedule.spaced("20 millis"))
  const result = yield* Effect.raceFirst(act, Effect.andThen(asking, Effect.never))
  yield* ask
  assert.isAbove(yield* Ref.get(answers), 1)
  assert.isBelow(((yield* Ref.get(peak)) - before) / MIB, MEMORY / MIB, "MiB of memory were taken")
  return result
})

/** A rogue that takes more than calls to be seen through. */
export const watch = <E>(
  rogue: string,
  promise: string,
  act: (host: Host, place: Place) => Effect.Effect<void, E, ProcessTable | Scope.Scope>,
  options?: Options
) =>
  it.live(`${rogue}: ${promise}`, () =>
    Effect.gen(function*() {
      const programs = { fixture: rogue, neighbour: "well-behaved" }
      const { left } = yield* withPlugins(programs, (host, place) => beside(host, act(host, place)), options)
      assert.deepStrictEqual(left.map(({ command }) => command), [])
    }), 300_000)

export interface Exhibit {
  readonly rogue: string
  readonly promise: string
  /** Of calls one after the other; with words that stand in the answer, or in the error's message. */
  readonly calls: ReadonlyArray<Outcome | readonly [Outcome, string]>
  readonly state?: PluginState
  /** Its handshake is what it gets wrong: otherwise it is awaited before the first call. */
  readonly unready?: boolean
  /** Milliseconds for each call. */
  readonly deadline?: number
}

const see = Effect.fnUntraced(function*(host: Host, exhibit: Exhibit, name = FIXTURE) {
  if (exhibit.unready !== true) yield* host.initialized(name)
  for (const expected of exhibit.calls) {
    const [tag, words] = typeof expected === "string" ? [expected, ""] : expected
    const found = yield* outcome(host, name, tag, exhibit.deadline)
    assert.strictEqual(found.tag, tag, found.words)
    assert.include(found.words, words)
  }
  if (exhibit.state !== undefined) assert.strictEqual((yield* host.status(name)).state, exhibit.state)
})

export const show = (exhibits: ReadonlyArray<Exhibit>): void => {
  for (const exhibit of exhibits) watch(exhibit.rogue, exhibit.promise, (host) => see(host, exhibit))
}

/** In one host and beside one neighbour, for rogues that stay: who crashes is started again and again while the others are looked at. */
export const showTogether = (exhibits: ReadonlyArray<Exhibit>): void => {
  const rogues = Object.fromEntries(exhibits.map(({ rogue }) => [rogue, rogue]))
  layer(sharedHost({ ...rogues, neighbour: "well-behaved" }), { excludeTestServices: true })((it) => {
    for (const exhibit of exhibits) {
      it.effect(
        `${exhibit.rogue}: ${exhibit.promise}`,
        () => PluginHost.use((host) => beside(host, see(host, exhibit, exhibit.rogue))),
        300_000
      )
    }
  })
}

/** Polls a condition of the real world. */
export const until = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>, done: (value: A) => boolean) =>
  Effect.repeat(effect, { until: done, schedule: Schedule.spaced("20 millis") }).pipe(
    Effect.timeoutOrElse({ duration: "60 seconds", orElse: () => Effect.die(new Error(`never came true: ${what}`)) })
  )
