/**
 * Journals of every release, as they lie on the disk, read and folded by this one. Files are only ever added: a folder is named
 * by the release that wrote them. A kind of event that no file has is a kind that the next release may forget how to read.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { scan } from "../../layers/JournalLines.ts"
import { RunId } from "../../schemas/Ids.ts"
import { RunEvent, type RunStatus } from "../../schemas/RunEvent.ts"
import { project } from "../../src/run/RunState.ts"
import { decodeEntries } from "../../src/session/JournalCodec.ts"

const folder = Path.join(import.meta.dirname, "fixtures", "history")
const files = Fs.globSync("*/*.jsonl", { cwd: folder }).toSorted()

const entriesOf = (file: string) => {
  const lines = Result.getOrThrow(scan(Fs.readFileSync(Path.join(folder, file)))).lines
  return decodeEntries(file, 0, lines)
}

/** What a run of that name came to, whatever release folds it. */
const ends: Readonly<Record<string, RunStatus>> = {
  "completed-after-rework": "completed",
  "blocked-resumed-cancelled": "cancelled",
  escalated: "escalated",
  failed: "failed",
  "answered-slept-retried": "completed",
  "over-budget-held-by-checks": "completed"
}

describe("history", () => {
  for (const file of files) {
    it.effect(`${file} is read, and means what it meant`, () =>
      Effect.gen(function*() {
        const entries = yield* entriesOf(file)
        const state = project(RunId.make("run-1"), entries)
        assert.strictEqual(state?.head.status, ends[Path.basename(file, ".jsonl")])
        assert.strictEqual(state?.head.sequence, entries.length)
        // A run that was in the middle of it is folded as well.
        for (const { sequence } of entries) assert.isDefined(project(RunId.make("run-1"), entries.slice(0, sequence)))
      }))
  }

  it.effect("has every kind of event there is", () =>
    Effect.gen(function*() {
      const entries = (yield* Effect.forEach(files, entriesOf)).flat()
      const written = new Set<string>(entries.map(({ event }) => event._tag))
      const kinds = RunEvent.members.map((member) => member.fields._tag.schema.literal)
      assert.isAbove(kinds.length, 10)
      assert.deepStrictEqual(kinds.filter((kind) => !written.has(kind)), [])
    }))
})
