/**
 * `runs/index.jsonl` spares a start from reading the journals of runs that are over. It is never trusted: a line counts only
 * while the journal has the size the line says, every other journal is folded, and a missing or damaged index is written anew.
 */
import { Effect, Schema } from "effect"
import * as Fs from "node:fs/promises"
import type { SessionStoreFailed } from "../schemas/errors/RunErrors.ts"
import { RunStatus } from "../schemas/RunEvent.ts"
import { foldRow } from "../src/session/JournalCodec.ts"
import type { IndexRow } from "../src/session/SessionStoreDriver.ts"
import { attemptIfThere, settle, settleFolder } from "./DurableFile.ts"
import { readJournal } from "./JournalFile.ts"
import { isRunId, type RunFolder } from "./RunFolder.ts"

const Line = Schema.fromJsonString(Schema.Struct({
  run: Schema.String,
  /** Of the journal, in bytes, when the row was true. */
  size: Schema.Int,
  /** Absent once the run was removed. */
  row: Schema.optionalKey(Schema.Struct({
    run: Schema.String,
    sequence: Schema.Int,
    status: RunStatus,
    finished: Schema.Boolean,
    order: Schema.String,
    head: Schema.String
  }))
}))
type Line = typeof Line.Type

const decodeLine = Schema.decodeUnknownEffect(Line)
export const encodeIndexLine: (line: Line) => string = Schema.encodeSync(Line)

export interface IndexedRun {
  readonly row: IndexRow
  /** Bytes of the journal that are good. */
  readonly size: number
}

export interface LoadedIndex {
  readonly runs: ReadonlyArray<IndexedRun>
  readonly damaged: ReadonlyMap<string, SessionStoreFailed>
  /** The file says exactly what it should. */
  readonly fresh: boolean
}

const readLines = Effect.fnUntraced(function*(folder: RunFolder) {
  const known = yield* readJournal(folder.index)
  return yield* Effect.forEach(known?.lines ?? [], (line) => decodeLine(line))
}, Effect.orElseSucceed((): ReadonlyArray<Line> => []))

const runNames = (folder: RunFolder) =>
  Effect.map(
    attemptIfThere("list", folder.root, () => Fs.readdir(folder.root, { withFileTypes: true })),
    (found) => (found ?? []).filter((entry) => entry.isDirectory()).map((entry) => entry.name).filter(isRunId)
  )

/** A run that an earlier process was at may have been written and not synced: whoever writes on makes it durable first. */
const settleRun = (folder: RunFolder, run: string) =>
  Effect.andThen(settle(folder.journal(run)), settleFolder(folder.of(run)))

export const loadIndex = Effect.fn("RunIndexFile.load")(function*(
  folder: RunFolder,
  options: { readonly settle: boolean }
) {
  const lines = yield* readLines(folder)
  const known = new Map(lines.map((line) => [line.run, line]))
  const damaged = new Map<string, SessionStoreFailed>()
  const runs: Array<IndexedRun> = []
  const names = yield* runNames(folder)
  yield* Effect.forEach(names, (run) =>
    Effect.gen(function*() {
      const path = folder.journal(run)
      const stat = yield* attemptIfThere("look at", path, () => Fs.stat(path))
      const line = known.get(run)
      if (line?.row !== undefined && line.size === stat?.size) return void runs.push({ row: line.row, size: line.size })
      if (options.settle) yield* settleRun(folder, run)
      const journal = yield* readJournal(path)
      const row = journal === undefined ? undefined : yield* foldRow(path, run, journal.lines)
      if (journal !== undefined && row !== undefined) runs.push({ row, size: journal.good })
    }).pipe(
      // One run that cannot be read must not hide the others.
      Effect.catch((failure) => Effect.sync(() => damaged.set(run, failure)))
    ), { concurrency: 8, discard: true })
  const finished = runs.filter(({ row }) => row.finished)
  const fresh = lines.length === finished.length && finished.every(({ row }) => known.get(row.run)?.row === row)
  return { runs, damaged, fresh } satisfies LoadedIndex
})
