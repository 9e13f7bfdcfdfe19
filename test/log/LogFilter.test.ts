import { assert, describe, it } from "@effect/vitest"
import type { LogEntry, LogQuery } from "../../schemas/Log.ts"
import { globPattern, logFilter, PageCollector } from "../../src/log/LogFilter.ts"

const entry = (over: Partial<LogEntry>): LogEntry => ({
  id: "1",
  ts: "2026-01-01T00:00:10.000Z",
  level: "info",
  source: "plugin",
  source_name: "p",
  target: "plugin.stderr",
  message: "m",
  ...over
})

const query = (over: Partial<LogQuery>): LogQuery => ({ follow: false, ...over })

describe("which records match", () => {
  const cases: ReadonlyArray<readonly [string, Partial<LogQuery>, boolean]> = [
    ["no condition", {}, true],
    ["a lower level", { min_level: "debug" }, true],
    ["the same level", { min_level: "info" }, true],
    ["a higher level", { min_level: "warn" }, false],
    ["its source", { source: "plugin" }, true],
    ["another source", { source: "daemon" }, false],
    ["its name", { source_name: "p" }, true],
    ["another name", { source_name: "q" }, false],
    ["since that very instant", { since: "2026-01-01T00:00:10Z" }, true],
    ["since later", { since: "2026-01-01T00:00:10.001Z" }, false],
    ["since, in another zone", { since: "2026-01-01T01:00:10+01:00" }, true],
    ["until that very instant", { until: "2026-01-01T00:00:10.000Z" }, false],
    ["until later", { until: "2026-01-01T00:00:11.000Z" }, true]
  ]
  for (const [name, conditions, expected] of cases) {
    it(name, () => assert.strictEqual(logFilter(query(conditions))(entry({})), expected))
  }

  const globs: ReadonlyArray<readonly [string, string, boolean]> = [
    ["plugin.*", "plugin.stderr", true],
    ["plugin.*", "plugin.dispatch.start", false],
    ["plugin.**", "plugin.dispatch.start", true],
    ["*", "daemon", true],
    ["*", "git.push", false],
    ["**.start", "plugin.dispatch.start", true],
    ["git.p*", "git.push", true],
    ["git.push", "gitxpush", false],
    ["a+(b)", "a+(b)", true],
    ["", "daemon", false]
  ]
  for (const [glob, target, expected] of globs) {
    it(`${glob} ${expected ? "takes" : "leaves"} ${target}`, () =>
      assert.strictEqual(globPattern(glob).test(target), expected))
  }
})

describe("pages", () => {
  const newestFirst = [5, 4, 3, 2, 1].map((id) => entry({ id: String(id), ts: `2026-01-01T00:00:0${id}.000Z` }))
  const page = (over: Partial<LogQuery>) => {
    const collector = new PageCollector(query(over))
    newestFirst.every((entry) => collector.add(entry))
    const { entries, nextCursor } = collector.page()
    return [entries.map((entry) => entry.id).join(""), nextCursor]
  }

  it("the newest come first as pages, the oldest first within one", () => {
    assert.deepStrictEqual(page({}), ["12345", undefined])
    assert.deepStrictEqual(page({ limit: 2 }), ["45", "4"])
    assert.deepStrictEqual(page({ limit: 2, cursor: "4" }), ["23", "2"])
    assert.deepStrictEqual(page({ limit: 2, cursor: "2" }), ["1", undefined])
    assert.deepStrictEqual(page({ limit: 5 }), ["12345", undefined])
    assert.deepStrictEqual(page({ since: "2026-01-01T00:00:04.000Z" }), ["45", undefined])
    assert.deepStrictEqual(page({ cursor: "rotated away" }), ["", undefined])
  })
})
