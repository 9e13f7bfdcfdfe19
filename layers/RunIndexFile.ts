/**
 * `runs/index.jsonl` spares a start from reading the journals of runs that are over. It is never trusted: a line counts only
 * while the journal has the size the line says, every other journal is folded, and a missing or damaged index is written anew.
 */
import { Effect, Schema } from "effect"
import { statSync } from "node:fs"
import * as Fs from "node:fs/promises"
import type { SessionStoreFailed } from "../schemas/errors/RunErrors.ts"
import type { RunId } from "../schemas/Ids.ts"
import { RunStatus } from "../schemas/RunEvent.ts"
import { foldRow } from "../src/session/JournalCodec.ts"
import type { IndexRow } from "../src/session/SessionStoreDriver.ts"
import { attemptIfThere, readAtOnce, settleFile, settleFolder } from "./DurableFile.ts"
import { linesIn, readJournal } from "./JournalFile.ts"
import { isRunId, type RunFolder } from "./RunFolder.ts"

const Line = Schema.Struct({
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
})
type Line = typeof Line.Type

const isLine = Schema.is(Line)
export const encodeIndexLine = (line: Line): string => JSON.stringify(line)

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

/** One that is not as it was written is as good as none. */
const readLines = Effect.fnUntraced(function*(folder: RunFolder) {
  const known = yield* readJournal(folder.index)
  const lines: ReadonlyArray<unknown> = (known?.lines ?? []).map((line) => JSON.parse(line))
  return lines.every(isLine) ? lines : []
}, Effect.orElseSucceed((): ReadonlyArray<Line> => []))

const runNames = (folder: RunFolder) =>
  Effect.map(
    attemptIfThere("list", folder.root, () => Fs.readdir(folder.root, { withFileTypes: true })),
    (found) => (found ?? []).filter((entry) => entry.isDirectory()).map((entry) => entry.name).filter(isRunId)
  )

/** Undefined when it cannot be told; whoever reads the file then says why. */
const sizeOf = (path: string): number | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size
  } catch {
    return undefined
  }
}

const fold = Effect.fnUntraced(function*(folder: RunFolder, run: RunId, options: LoadOptions) {
  const path = folder.journal(run)
  // What an earlier process wrote and may not have synced is durable before anything is written after it.
  if (options.settle) yield* settleFile(path)
  const bytes = yield* readAtOnce(path)
  const journal = bytes && (yield* linesIn(path, bytes))
  const row = journal && (yield* foldRow(path, run, journal.lines))
  return journal && row && { row, size: journal.good }
})

export interface LoadOptions {
  /** What another process wrote, and may not have synced, is made durable before it is believed. */
  readonly settle: boolean
}

export const loadIndex = Effect.fn("RunIndexFile.load")(function*(folder: RunFolder, options: LoadOptions) {
  const lines = yield* readLines(folder)
  const known = new Map(lines.map((line) => [line.run, line]))
  const damaged = new Map<string, SessionStoreFailed>()
  const runs: Array<IndexedRun> = []
  const others: Array<RunId> = []
  for (const run of yield* runNames(folder)) {
    const line = known.get(run)
    if (line?.row !== undefined && line.size === sizeOf(folder.journal(run))) {
      runs.push({ row: line.row, size: line.size })
    } else others.push(run)
  }
  // A process that was killed may have begun them, and not synced their folders' names.
  if (options.settle && others.length > 0) yield* settleFolder(folder.root)
  yield* Effect.forEach(others, (run) =>
    fold(folder, run, options).pipe(
      Effect.map((found) => found && runs.push(found)),
      // One run that cannot be read must not hide the others.
      Effect.catch((failure) => Effect.sync(() => damaged.set(run, failure)))
    ), { concurrency: 16, discard: true })
  const finished = runs.filter(({ row }) => row.finished)
  const fresh = lines.length === finished.length && finished.every(({ row }) => known.get(row.run)?.row === row)
  return { runs, damaged, fresh } satisfies LoadedIndex
})
