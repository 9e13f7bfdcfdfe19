import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as LogBackendJsonl from "../../layers/LogBackendJsonl.ts"
import * as LogBackendMemory from "../../layers/LogBackendMemory.ts"
import type { LogQuery } from "../../schemas/Log.ts"
import * as EffectLogger from "../../src/log/EffectLogger.ts"
import { LogBackend, type NewLogEntry } from "../../src/log/LogBackend.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { scopeAt, temporaryFolder, temporaryScope } from "../conformance/TemporaryScope.ts"

const record = (message: string, over: Partial<NewLogEntry> = {}): NewLogEntry => ({
  level: "info",
  source: "daemon",
  target: "daemon",
  message,
  ...over
})
const query = (over: Partial<LogQuery> = {}): LogQuery => ({ follow: false, ...over })
const messages = (over?: Partial<LogQuery>) =>
  Effect.flatMap(
    LogBackend,
    (log) => Effect.map(log.query(query(over)), ({ entries }) => entries.map((e) => e.message))
  )

const jsonl = (options: LogBackendJsonl.JsonlOptions = {}) =>
  LogBackendJsonl.layerWith(options).pipe(Layer.provideMerge(Layer.merge(Notifications.layer, temporaryScope)))

const memory = LogBackendMemory.layer.pipe(Layer.provideMerge(Notifications.layer))

for (const [name, layer] of [["memory", memory], ["jsonl", jsonl()]] as const) {
  describe(`log backend: ${name}`, () => {
    it.effect("gives back what was appended, oldest first, redacted, with ids that sort", () =>
      Effect.gen(function*() {
        const log = yield* LogBackend
        yield* log.append(record("token=abc", { fields: { api_key: "k", input_tokens: 3, odd: ["é\n"] } }))
        yield* TestClock.adjust(5)
        yield* log.append(
          record("two", { source: "plugin", source_name: "p", target: "plugin.stderr", level: "error" })
        )
        const { entries, nextCursor } = yield* log.query(query())
        assert.isUndefined(nextCursor)
        assert.deepStrictEqual(entries.map((entry) => ({ ...entry, id: undefined })), [
          {
            id: undefined,
            ts: "1970-01-01T00:00:00.000Z",
            level: "info",
            source: "daemon",
            target: "daemon",
            message: "token=***REDACTED***",
            fields: { api_key: "***REDACTED***", input_tokens: 3, odd: ["é\n"] }
          },
          {
            id: undefined,
            ts: "1970-01-01T00:00:00.005Z",
            level: "error",
            source: "plugin",
            source_name: "p",
            target: "plugin.stderr",
            message: "two"
          }
        ])
        const ids = entries.map(({ id }) => id)
        assert.deepStrictEqual(ids, ids.toSorted())
      }).pipe(Effect.provide(layer)))

    it.effect("gives the newest 200, and the rest by cursor", () =>
      Effect.gen(function*() {
        const log = yield* LogBackend
        const all = Array.from({ length: 450 }, (_, index) => `${index} ${"x".repeat(400)}`)
        yield* Effect.forEach(all, (message) => log.append(record(message)), { discard: true })
        let page = yield* log.query(query())
        assert.strictEqual(page.entries.length, 200)
        const read = [...page.entries]
        while (page.nextCursor !== undefined) {
          page = yield* log.query(query({ cursor: page.nextCursor }))
          read.unshift(...page.entries)
        }
        assert.deepStrictEqual(read.map(({ message }) => message), all)
        assert.deepStrictEqual(yield* messages({ limit: 1 }), all.slice(-1))
      }).pipe(Effect.provide(layer)))

    it.effect("tails what matches from now on", () =>
      Effect.gen(function*() {
        const log = yield* LogBackend
        yield* log.append(record("before"))
        yield* messages()
        const tail = yield* log.tail(query({ min_level: "warn" }))
        const fiber = yield* Effect.forkChild(Stream.runCollect(Stream.take(tail, 2)))
        for (const level of ["error", "info", "warn"] as const) yield* log.append(record(level, { level }))
        assert.deepStrictEqual((yield* Fiber.join(fiber)).map(({ message }) => message), ["error", "warn"])
      }).pipe(Effect.provide(layer)))

    it.effect("takes Effect's own logging, with where it comes from and why", () =>
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          yield* Effect.logWarning("low", { free: 3 }).pipe(
            Effect.annotateLogs({ target: "plugin.stderr", source: "plugin", source_name: "p", run_id: "r", odd: 1n })
          )
          yield* Effect.logError("broken", new Error("why"))
        }).pipe(Effect.provide(EffectLogger.layer))
        const log = yield* LogBackend
        const { entries: [low, broken] } = yield* log.query(query())
        assert.deepInclude(low, { level: "warn", source: "plugin", source_name: "p", target: "plugin.stderr" })
        assert.match(low?.message ?? "", /^low .*free.*3/)
        assert.deepInclude(low?.fields, { run_id: "r" })
        assert.deepInclude(broken, { level: "error", source: "daemon", target: "daemon" })
        assert.match(JSON.stringify(broken), /why/)
      }).pipe(Effect.provide(layer)))
  })
}

const eventsIn = (folder: string) => Path.join(folder, "logs", "events.jsonl")

describe("log backend: jsonl file", () => {
  it.effect("writes the columns operators know, private, and everything before the scope closes", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const fields = { workflow_id: "r", duration_ms: 3, other: true }
      yield* Effect.flatMap(LogBackend, (log) => log.append(record("m", { fields }))).pipe(
        Effect.provide(LogBackendJsonl.layer),
        Effect.provide([Notifications.layer, scopeAt(folder)])
      )
      const line = JSON.parse(Fs.readFileSync(eventsIn(folder), "utf8"))
      assert.deepInclude(line, { ts: "1970-01-01T00:00:00.000Z", level: "info", cat: "daemon", msg: "m" })
      assert.deepInclude(line, { workflow_id: "r", duration_ms: 3, meta: { other: true } })
      assert.strictEqual(Fs.statSync(eventsIn(folder)).mode & 0o777, 0o600)
    }))

  it.effect("keeps one generation when the file is full, and reads through both", () =>
    Effect.gen(function*() {
      const { scopeDir } = yield* ProjectScope
      const log = yield* LogBackend
      for (let index = 0; index < 30; index++) {
        yield* log.append(record(`${index}`))
        yield* messages({ limit: 1 })
      }
      assert.deepStrictEqual(Fs.readdirSync(Path.join(scopeDir, "logs")).toSorted(), ["events.jsonl", "events.jsonl.1"])
      assert.isAtMost(Fs.statSync(eventsIn(scopeDir)).size, 1000)
      const kept = yield* messages()
      assert.isAbove(kept.length, 6)
      assert.isBelow(kept.length, 30)
      assert.deepStrictEqual(kept, Array.from({ length: kept.length }, (_, index) => `${30 - kept.length + index}`))
    }).pipe(Effect.provide(jsonl({ rotateAt: 1000 }))))

  it.effect("reads over what a crash cut short, and over lines of others", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      Fs.mkdirSync(Path.join(folder, "logs"))
      Fs.writeFileSync(
        eventsIn(folder),
        "garbage\n{\"ts\":\"2026-01-01T00:00:00Z\",\"level\":\"warn\",\"cat\":\"git.push\",\"msg\":\"old\",\"cost\":1}\n{\"ts\":\"2026"
      )
      yield* Effect.gen(function*() {
        const log = yield* LogBackend
        yield* log.append(record("new"))
        const { entries } = yield* log.query(query())
        assert.deepStrictEqual(entries.map(({ message }) => message), ["old", "new"])
        assert.deepInclude(entries[0], { target: "git.push", source: "daemon", fields: { cost: 1 } })
      }).pipe(Effect.provide(LogBackendJsonl.layer), Effect.provide([Notifications.layer, scopeAt(folder)]))
    }))

  it.effect("drops chatter first when records come faster than they can be written, and says how many", () =>
    Effect.gen(function*() {
      const log = yield* LogBackend
      yield* Effect.forEach(
        Array.from({ length: 12 }, (_, index) => index),
        (index) => log.append(record(`${index}`, { level: index % 2 === 0 ? "debug" : "info" })),
        { discard: true }
      )
      const kept = yield* messages()
      assert.deepStrictEqual(kept.slice(0, -1).filter((text) => Number(text) % 2 === 1), [
        "1",
        "3",
        "5",
        "7",
        "9",
        "11"
      ])
      assert.match(kept.at(-1) ?? "", /^\d records could not be kept/)
    }).pipe(Effect.provide(jsonl({ capacity: 8 }))))

  it.effect("a log that cannot be written fails nobody, and says so when it can be written again", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      Fs.writeFileSync(Path.join(folder, "logs"), "in the way")
      yield* Effect.gen(function*() {
        const log = yield* LogBackend
        yield* log.append(record("lost"))
        const error = yield* Effect.flip(log.query(query()))
        assert.strictEqual(error._tag, "LogBackendFailed")
        Fs.rmSync(Path.join(folder, "logs"))
        yield* log.append(record("kept"))
        assert.deepStrictEqual(yield* messages(), ["kept", "1 record could not be kept before this one"])
      }).pipe(Effect.provide(LogBackendJsonl.layer), Effect.provide([Notifications.layer, scopeAt(folder)]))
    }))

  it.effect("takes the operator's patterns from the environment", () =>
    Effect.gen(function*() {
      const log = yield* LogBackend
      yield* log.append(record("acct-12"))
      assert.deepStrictEqual(yield* messages(), ["***REDACTED***"])
    }).pipe(
      Effect.provide(
        Layer.provide(
          memory,
          ConfigProvider.layer(ConfigProvider.fromUnknown({ ANIMUS_LOG_REDACT_PATTERNS: "acct-\\d+" }))
        )
      )
    ))
})
