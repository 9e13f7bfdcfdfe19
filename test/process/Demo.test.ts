import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, beforeAll } from "vitest"
import { askingOnce, Workplace } from "./Workplace.ts"

interface Entry {
  readonly sequence: number
  readonly event: {
    readonly _tag: string
    readonly phase?: string
    readonly attempt?: number
    readonly [key: string]: unknown
  }
}

const jsonLines = <A>(file: string): ReadonlyArray<A> =>
  readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line) as A)

/** Living processes that work in this folder, whoever started them. */
const working = (folder: string): ReadonlyArray<string> =>
  readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false
    try {
      return readlinkSync(`/proc/${name}/cwd`).startsWith(folder)
    } catch {
      return false
    }
  })

describe("animus demo", () => {
  let here: Workplace
  beforeAll(() => {
    here = new Workplace(askingOnce)
  })
  afterAll(() => here.end())

  it("mends a program although its daemon is killed in the middle", { timeout: 180_000 }, async () => {
    const told = here.answer("demo", "--keep", "--pace", "25")
    const folder = join(told.artefacts.repository, "..")
    try {
      const journal = jsonLines<Entry>(join(told.artefacts.run, "journal.jsonl"))
      assert.deepStrictEqual(journal.map(({ sequence }) => sequence), journal.map((_, index) => index + 1))
      const events = journal.map(({ event }) => event)
      const completed = events.filter(({ _tag }) => _tag === "PhaseCompleted").map(({ attempt, phase }) =>
        `${phase} ${attempt}`
      )
      assert.strictEqual(new Set(completed).size, completed.length)

      const recovery = events.filter(({ _tag }) => _tag === "RecoveryDecided")
      assert.deepStrictEqual(recovery.map(({ action, attempt, phase }) => [action, phase, attempt]), [[
        "rerun",
        "implement",
        1
      ]])
      assert.notInclude(completed, "implement 1")

      const tests = events.filter(({ _tag, phase }) => _tag === "PhaseCompleted" && phase === "test")
      assert.deepStrictEqual(tests.map(({ decision }) => (decision as { verdict: string }).verdict), [
        "rework",
        "advance"
      ])
      const last = events.filter(({ _tag, phase }) => _tag === "PhaseStarted" && phase === "implement").at(-1)
      assert.include(String(last?.["failure_context"]), "median([4, 1, 3, 2])")
      assert.deepInclude(events.find(({ _tag }) => _tag === "GateDecided"), { approved: true, phase: "review" })
      assert.strictEqual(events.at(-1)?._tag, "RunCompleted")

      const ledger = jsonLines<{ event: string; phase: string; attempt: number }>(told.artefacts.agent_ledger)
      const ended = ledger.filter(({ event }) => event === "ended").map(({ attempt, phase }) => `${phase} ${attempt}`)
      assert.strictEqual(new Set(ended).size, ended.length)
      const begun = ledger.filter(({ event }) => event === "began").map(({ attempt, phase }) => `${phase} ${attempt}`)
      assert.strictEqual(new Set(begun).size, begun.length)
      const cutShort = begun.filter((attempt) => !ended.includes(attempt))
      assert.includeMembers(["implement 1"], cutShort, "only the killed attempt may be without an end")

      await promisify(execFile)("node", ["test/stats.test.js"], { cwd: told.artefacts.repository })
      assert.deepStrictEqual(working(folder), [])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
  it("leaves no state of its own beside the user's", () => {
    const state = join(here.root, "state")
    const before = readdirSync(state).toSorted()
    const { status, stderr } = here.animus("demo", "--no-crash", "--pace", "1")
    assert.strictEqual(status, 0, stderr)
    assert.deepStrictEqual(readdirSync(state).toSorted(), before)
    assert.notInclude(here.read(join(state, "plugins.lock")), "animus-demo-")
  })
})
