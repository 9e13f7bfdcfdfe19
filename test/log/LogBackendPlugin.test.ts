import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as LogBackendMemory from "../../layers/LogBackendMemory.ts"
import * as LogBackendPlugin from "../../layers/LogBackendPlugin.ts"
import { mergePages, queryOfEach } from "../../layers/LogMerge.ts"
import type { LogEntry, LogQuery } from "../../schemas/Log.ts"
import { LogBackend, type NewLogEntry } from "../../src/log/LogBackend.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { answer, type Incoming, note, serving, type Talk } from "../plugin/scripted.ts"
import { hostsOf } from "../tools/Hosts.ts"

const record = (message: string, over: Partial<NewLogEntry> = {}): NewLogEntry => ({
  level: "info",
  source: "daemon",
  target: "daemon",
  message,
  ...over
})
const entry = (id: string, ts: string): LogEntry => ({ id, ts, ...record(id) })
const query = (over: Partial<LogQuery> = {}): LogQuery => ({ follow: false, ...over })
const turns = Effect.replicateEffect(Effect.yieldNow, 300, { discard: true })

interface Store {
  readonly stored: Array<LogEntry>
  readonly gate: { open: Deferred.Deferred<void> }
  talk: Talk | undefined
  tail: number | undefined
}

/** Keeps what it is given, while its gate is open; gives it back when asked. */
const makeStore = Effect.gen(function*() {
  const store: Store = {
    stored: [],
    gate: { open: yield* Deferred.make<void>() },
    talk: undefined,
    tail: undefined
  }
  yield* Deferred.succeed(store.gate.open, undefined)
  const on = Effect.fnUntraced(function*({ id, method, params }: Incoming, talk: Talk) {
    store.talk = talk
    if (method === "log_storage/tail") {
      store.tail = id
      return yield* talk.say(answer(id, { tailing: true }))
    }
    if (method === "log_storage/query") return yield* talk.say(answer(id, { entries: store.stored }))
    if (method !== "log_storage/store") return
    yield* Deferred.await(store.gate.open)
    const { entries } = params as { readonly entries: ReadonlyArray<LogEntry> }
    store.stored.push(...entries)
    yield* talk.say(answer(id, { stored: entries.length }))
  })
  return { store, program: serving(on) }
})

type Program = Effect.Success<typeof makeStore>["program"]

const facts = { facts: { plugin_kind: "log_storage_backend" } }
const over = (plugins: Readonly<Record<string, Program>>, env: Record<string, string> = {}) =>
  LogBackendPlugin.layer.pipe(
    Layer.provide(
      hostsOf(Object.fromEntries(Object.entries(plugins).map(([name, program]) => [name, { program, ...facts }])), env)
    ),
    Layer.provide(LogBackendMemory.layer),
    Layer.provideMerge(Notifications.layer)
  )

const messages = (log: LogBackend["Service"], asked: Partial<LogQuery> = {}) =>
  Effect.map(log.query(query(asked)), ({ entries }) => entries.map(({ message }) => message))
const names = ({ stored }: Store) => stored.map(({ message }) => message)

describe("the log in a plugin", () => {
  it.effect("has what the file has, except what the plugin says of itself; asked for, each record comes once", () =>
    Effect.gen(function*() {
      const { program, store } = yield* makeStore
      yield* Effect.gen(function*() {
        const log = yield* LogBackend
        yield* turns
        yield* log.append(record("one"))
        yield* log.append(record("mine", { source: "plugin", source_name: "keeper" }))
        yield* log.append(record("two"))
        yield* turns
        assert.deepStrictEqual(names(store), ["one", "two"])
        store.stored.unshift(entry("elsewhere", "1969-12-31T00:00:00Z"))
        assert.deepStrictEqual(yield* messages(log), ["elsewhere", "one", "mine", "two"])
      }).pipe(Effect.provide(over({ keeper: program })))
    }))

  it.effect("is the first by name where several offer it, and none where it is switched off", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* makeStore, yield* makeStore]
      const plugins = { zeta: one.program, alpha: two.program }
      const use = Effect.gen(function*() {
        const log = yield* LogBackend
        yield* turns
        yield* log.append(record("x"))
        yield* turns
        return yield* messages(log)
      })
      assert.include(yield* Effect.provide(use, over(plugins)), "x")
      assert.deepStrictEqual([names(one.store), names(two.store)], [[], ["x"]])
      const off = over(plugins, { ANIMUS_DAEMON_DISABLE_LOG_STORAGE_PLUGIN: "yes" })
      assert.deepStrictEqual(yield* Effect.provide(use, off), ["x"])
      assert.deepStrictEqual(names(two.store), ["x"])
    }))

  it.effect("costs nobody anything while the plugin hangs, which gets two hundred milliseconds at the end", () =>
    Effect.gen(function*() {
      const { program, store } = yield* makeStore
      store.gate.open = yield* Deferred.make<void>()
      const leave = yield* Deferred.make<void>()
      const life = yield* Effect.gen(function*() {
        const log = yield* LogBackend
        yield* turns
        for (let at = 0; at < 1000; at++) yield* log.append(record(String(at)))
        assert.strictEqual((yield* messages(log, { limit: 10_000 })).length, 1000)
        yield* Deferred.await(leave)
      }).pipe(Effect.provide(over({ keeper: program })), Effect.forkChild)
      yield* TestClock.adjust("3 seconds")
      yield* Deferred.succeed(leave, undefined)
      yield* turns
      assert.isUndefined(life.pollUnsafe())
      yield* TestClock.adjust("200 millis")
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(life)
      assert.deepStrictEqual(store.stored, [])
    }))

  it.effect("has all that was written before the daemon ended", () =>
    Effect.gen(function*() {
      const { program, store } = yield* makeStore
      yield* Effect.gen(function*() {
        const log = yield* LogBackend
        yield* turns
        yield* log.append(record("last"))
      }).pipe(Effect.provide(over({ keeper: program })))
      assert.deepStrictEqual(names(store), ["last"])
    }))

  it.effect("is followed together with the file's, each record once", () =>
    Effect.gen(function*() {
      const { program, store } = yield* makeStore
      yield* Effect.gen(function*() {
        const log = yield* LogBackend
        const tail = yield* log.tail(query({ target_glob: "daemon" }))
        const reading = yield* tail.pipe(Stream.take(3), Stream.runCollect, Effect.forkChild)
        yield* turns
        yield* log.append(record("ours"))
        yield* turns
        const say = (one: LogEntry) =>
          store.talk?.say(note("log_storage/event", { id: store.tail, entry: one })) ?? Effect.void
        for (const one of store.stored) yield* say(one)
        yield* say({ ...entry("other", "2026-01-01T00:00:00Z"), target: "else" })
        yield* say(entry("theirs", "2026-01-01T00:00:00Z"))
        yield* turns
        yield* log.append(record("ours again"))
        assert.deepStrictEqual((yield* Fiber.join(reading)).map(({ message }) => message), [
          "ours",
          "theirs",
          "ours again"
        ])
      }).pipe(Effect.scoped, Effect.provide(over({ keeper: program })))
    }))
})

describe("a plugin that rewrites what it was given", () => {
  it.effect("is not believed: the file's records stand as they are, others are marked as told by it", () =>
    Effect.gen(function*() {
      const { program, store } = yield* makeStore
      yield* Effect.gen(function*() {
        const log = yield* LogBackend
        const tail = yield* log.tail(query({ target_glob: "daemon" }))
        const reading = yield* tail.pipe(Stream.take(3), Stream.runCollect, Effect.forkChild)
        yield* turns
        yield* log.append(record("ours"))
        yield* turns
        const rewritten = store.stored.map((one) => ({ ...one, message: "rewritten" }))
        const invented = entry("invented", "2026-01-01T00:00:00Z")
        store.stored.splice(0, Infinity, ...rewritten, invented)
        for (const one of store.stored) {
          yield* store.talk?.say(note("log_storage/event", { id: store.tail, entry: one })) ?? Effect.void
        }
        yield* turns
        yield* log.append(record("ours again"))
        const told = (entries: ReadonlyArray<LogEntry>) =>
          entries.map(({ message, told_by }) => `${message}, from ${told_by ?? "the file"}`).toSorted()
        const expected = ["invented, from keeper", "ours again, from the file", "ours, from the file"]
        assert.deepStrictEqual(told(yield* Fiber.join(reading)), expected)
        assert.deepStrictEqual(told((yield* log.query(query({}))).entries), expected)
      }).pipe(Effect.scoped, Effect.provide(over({ keeper: program })))
    }))
})

describe("a page of two logs", () => {
  const all = Array.from(
    { length: 60 },
    (_, at) =>
      entry(`id-${String(at).padStart(2, "0")}`, `2026-01-01T00:00:${String(Math.floor(at / 3)).padStart(2, "0")}Z`)
  )
  const odd = all.filter((_, at) => at % 2 === 1)
  const most = all.filter((_, at) => at % 5 !== 0)
  const pageOf = (from: ReadonlyArray<LogEntry>, { limit = 200, until }: LogQuery) => {
    const before = from.filter(({ ts }) => until === undefined || Date.parse(ts) < Date.parse(until))
    return { entries: before.slice(-limit), nextCursor: before.length > limit ? "more" : undefined }
  }

  it.each([1, 2, 7, 50, 100])("of %i comes to every record once, page by page", (limit) => {
    const seen: Array<string> = []
    let cursor: string | undefined
    for (let pages = 0; pages < 100; pages++) {
      const asked = query({ limit, ...(cursor === undefined ? {} : { cursor }) })
      const each = queryOfEach(asked)
      const page = mergePages(asked, [pageOf(odd, each), pageOf(most, each)])
      assert.isAtMost(page.entries.length, limit)
      seen.unshift(...page.entries.map(({ id }) => id))
      cursor = page.nextCursor
      if (cursor === undefined) break
    }
    const expected = all.filter((one) => odd.includes(one) || most.includes(one)).map(({ id }) => id)
    assert.deepStrictEqual(seen, expected)
  })
})
