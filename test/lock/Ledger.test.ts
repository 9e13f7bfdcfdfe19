import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import type { PluginLedger, PluginRelease } from "../../schemas/PluginLock.ts"
import { drop, emptyLedger, findLocked, goBack, hashesOf, KEPT_RELEASES, put } from "../../src/lock/Ledger.ts"
import { parseLedger, renderLedger } from "../../src/lock/LedgerText.ts"

const hash = (digit: string) => digit.repeat(64)

const release = (digit: string, facts: Partial<PluginRelease> = {}): PluginRelease => ({
  version: `1.0.${digit}`,
  artifact_sha256: hash(digit),
  entry: "bin/x",
  source_kind: "path",
  source: "/x",
  pinned: false,
  installed_at: "2026-01-01T00:00:00.000Z",
  signature_status: "unsigned",
  ...facts
})

const digits = fc.constantFrom("1", "2", "3", "4", "5", "6", "7", "8", "9")
const text = fc.string({ unit: "binary", minLength: 1 })
const releases = fc.record({ digit: digits, version: text, source: text, entry: text, pinned: fc.boolean() })
  .map(({ digit, ...facts }) => release(digit, digit === "9" ? { ...facts, source_sha256: hash("a") } : facts))

const ledgers = fc.array(fc.tuple(fc.constantFrom("a", "b", "c \"quoted\" \u007f\n"), releases), { maxLength: 12 })
  .map((all) => all.reduce<PluginLedger>((ledger, [name, one]) => put(ledger, name, "custom", one), emptyLedger))

describe("the ledger", () => {
  it.effect("reads back exactly what was written, whatever characters are in it", () =>
    Effect.forEach(
      fc.sample(ledgers, 200),
      (ledger) =>
        Effect.map(parseLedger("/lock", renderLedger(ledger)), (read) => {
          assert.deepStrictEqual(read, ledger)
        })
    ))

  it.effect("is not read when it lists a plugin twice: nobody could tell which one is meant", () =>
    Effect.gen(function*() {
      const one = renderLedger(put(emptyLedger, "a", "custom", release("1")))
      const twice = one + one.slice(one.indexOf("[[plugins]]"))
      const error = yield* Effect.flip(parseLedger("/lock", twice))
      assert.include(error.message, "it lists a twice")
    }))

  it.effect("says in one line where it is wrong", () =>
    Effect.gen(function*() {
      const text = renderLedger(put(emptyLedger, "a", "custom", release("1"))).replace(/^entry.*\n/m, "")
      const error = yield* Effect.flip(parseLedger("/lock", text))
      assert.include(error.message, "[\"plugins\"][0][\"entry\"]")
      assert.notInclude(error.message, "\n")
    }))

  it("lists every plugin once, with no release twice and no more earlier ones than are kept", () => {
    fc.assert(fc.property(ledgers, ({ plugins }) => {
      assert.strictEqual(new Set(plugins.map(({ name }) => name)).size, plugins.length)
      for (const plugin of plugins) {
        const all = [plugin, ...plugin.previous].map(({ artifact_sha256 }) => artifact_sha256)
        assert.strictEqual(new Set(all).size, all.length)
        assert.isAtMost(plugin.previous.length, KEPT_RELEASES)
      }
    }))
  })

  it("takes a hash in capitals for the same release, which is then listed once", () => {
    const before = put(emptyLedger, "a", "custom", release("1", { artifact_sha256: "AB".repeat(32) }))
    const after = put(before, "a", "custom", release("1", { artifact_sha256: "ab".repeat(32) }))
    assert.deepStrictEqual(findLocked(after, "a")?.previous, [])
  })

  it("goes back to exactly what was there before, and another plugin is not touched", () => {
    fc.assert(fc.property(ledgers, releases, (before, next) => {
      const old = findLocked(before, "a")
      fc.pre(old !== undefined && old.artifact_sha256 !== next.artifact_sha256)
      fc.pre(old?.previous.every(({ artifact_sha256 }) => artifact_sha256 !== next.artifact_sha256) === true)
      const back = goBack(put(before, "a", "custom", next), "a")
      assert.strictEqual(findLocked(back ?? emptyLedger, "a")?.artifact_sha256, old?.artifact_sha256)
      assert.deepStrictEqual(drop(back ?? emptyLedger, "a"), drop(before, "a"))
    }))
  })

  it("needs the trees of all releases it can go back to, and no others", () => {
    const ledger = put(put(emptyLedger, "a", "custom", release("1")), "a", "custom", release("2"))
    assert.deepStrictEqual([...hashesOf(ledger)].toSorted(), [hash("1"), hash("2")])
    assert.deepStrictEqual([...hashesOf(drop(ledger, "a"))], [])
  })

  it("has nothing to go back to after the first release", () => {
    assert.isUndefined(goBack(put(emptyLedger, "a", "custom", release("1")), "a"))
    assert.isUndefined(goBack(emptyLedger, "a"))
  })
})

const refused = (name: string, text: string, detail: string) =>
  it.effect(name, () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(parseLedger("/lock", text))
      assert.strictEqual(error._tag, "LockUnreadable")
      assert.include(error.message, detail)
      assert.include(error.message, "animus plugin install")
    }))

describe("a lock file that cannot be read", () => {
  refused("is no TOML", "schema_version = ", "/lock cannot be read")
  refused("is of another major version", "schema_version = \"2.0\"", "its schema_version is 2.0")
  refused("says nothing of its version", "plugins = []", "its schema_version is undefined")
  refused(
    "lists what is no hash",
    renderLedger(put(emptyLedger, "a", "custom", release("1"))).replace(hash("1"), "abc"),
    "artifact_sha256"
  )

  it.effect("is not one of a later minor version, and hashes may be in capitals", () =>
    Effect.gen(function*() {
      const text = renderLedger(put(emptyLedger, "a", "custom", release("a"))).replace("\"1.0\"", "\"1.7\"")
      const ledger = yield* parseLedger("/lock", text.replace(hash("a"), hash("A")))
      assert.deepStrictEqual([...hashesOf(ledger)], [hash("a")])
    }))
})
