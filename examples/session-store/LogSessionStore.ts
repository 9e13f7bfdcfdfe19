/**
 * A session store of an embedder's own, over the plainest medium there is: one file to which every change is added as a line,
 * and which is read once, at the start. All there is to implement is the driver; the rest is Animus.
 */
import { RunIndex } from "animus/layers/RunIndex"
import { SequenceConflict, SessionStoreFailed, StoreUnreachable } from "animus/schemas/errors/RunErrors"
import { SessionStore } from "animus/session/SessionStore"
import type { IndexRow, SessionStoreDriver } from "animus/session/SessionStoreDriver"
import { Effect } from "effect"
import * as Fs from "node:fs"
import { dirname } from "node:path"

type Change =
  | { readonly kind: "append"; readonly row: IndexRow; readonly lines: ReadonlyArray<string> }
  | { readonly kind: "session"; readonly run: string; readonly phase: string; readonly record: string }
  | { readonly kind: "transcript"; readonly run: string; readonly of: string; readonly lines: ReadonlyArray<string> }
  | { readonly kind: "remove"; readonly run: string }

interface Files {
  readonly journal: Array<string>
  readonly sessions: Map<string, string>
  readonly transcripts: Map<string, Array<string>>
}

const attemptOf = (phase: string, attempt: number) => JSON.stringify([phase, attempt])

/** What the log says, in memory: lists come from here and never from reading the log. */
class Memory {
  readonly index = new RunIndex()
  private readonly runs = new Map<string, Files>()

  of(run: string): Files {
    const files = this.runs.get(run) ?? { journal: [], sessions: new Map(), transcripts: new Map() }
    this.runs.set(run, files)
    return files
  }

  apply(change: Change): void {
    switch (change.kind) {
      case "append":
        this.of(change.row.run).journal.push(...change.lines)
        return this.index.put(change.row)
      case "session":
        return void this.of(change.run).sessions.set(change.phase, change.record)
      case "transcript": {
        const { transcripts } = this.of(change.run)
        return void transcripts.set(change.of, [...transcripts.get(change.of) ?? [], ...change.lines])
      }
      case "remove":
        this.runs.delete(change.run)
        return this.index.remove(change.run)
    }
  }
}

class Log {
  readonly path: string
  readonly memory = new Memory()
  private readonly file: number
  private good = 0

  constructor(path: string) {
    this.path = path
    this.file = Fs.openSync(path, Fs.constants.O_RDWR | Fs.constants.O_CREAT, 0o600)
    const bytes = Fs.readFileSync(this.file)
    // What follows the last newline was being written when a process died: nobody was told that it is there.
    this.good = bytes.lastIndexOf("\n") + 1
    for (const line of bytes.toString("utf8", 0, this.good).split("\n")) {
      if (line !== "") this.memory.apply(JSON.parse(line))
    }
    this.cut()
    // The name of a new file is durable once its folder is.
    const folder = Fs.openSync(dirname(path), "r")
    Fs.fsyncSync(folder)
    Fs.closeSync(folder)
  }

  close() {
    Fs.closeSync(this.file)
  }

  private cut() {
    Fs.ftruncateSync(this.file, this.good)
    Fs.fsyncSync(this.file)
  }

  /** On the disk before it is in memory; when it fails, nothing of it is in either. */
  write(change: Change) {
    const bytes = Buffer.from(`${JSON.stringify(change)}\n`)
    const add = () => {
      try {
        for (let done = 0; done < bytes.length;) {
          done += Fs.writeSync(this.file, bytes, done, bytes.length - done, this.good + done)
        }
        Fs.fsyncSync(this.file)
      } catch (cause) {
        this.cut()
        throw cause
      }
      this.good += bytes.length
      this.memory.apply(change)
    }
    const failed = (cause: unknown) =>
      new SessionStoreFailed({
        reason: new StoreUnreachable({ operation: "write", path: this.path, detail: String(cause) })
      })
    return Effect.try({ try: add, catch: failed })
  }
}

const driverOf = (
  { memory, path, write }: { memory: Memory; path: string; write: Log["write"] }
): SessionStoreDriver => ({
  append: Effect.fnUntraced(function*(expected, lines, row) {
    const actual = memory.index.get(row.run)?.sequence ?? 0
    if (actual !== expected) return yield* new SequenceConflict({ run: row.run, expected, actual })
    yield* write({ kind: "append", row, lines: lines.map(({ line }) => line) })
  }),
  read: (run, after) =>
    Effect.sync(() => memory.index.get(run) === undefined ? undefined : memory.of(run).journal.slice(after)),
  row: (run) => Effect.sync(() => memory.index.get(run)),
  rows: (query) => Effect.sync(() => memory.index.query(query)),
  unfinished: Effect.sync(() => memory.index.unfinished()),
  unreadable: Effect.succeed([]),
  putSession: (run, phase, record) => write({ kind: "session", run, phase, record }),
  session: (run, phase) => Effect.sync(() => memory.of(run).sessions.get(phase)),
  appendTranscript: (run, phase, attempt, lines) =>
    write({ kind: "transcript", run, of: attemptOf(phase, attempt), lines }),
  transcript: (run, phase, attempt) =>
    Effect.sync(() => memory.of(run).transcripts.get(attemptOf(phase, attempt)) ?? []),
  remove: (run) => write({ kind: "remove", run }),
  location: () => path
})

/** Open until the scope of the daemon closes. */
export const layer = (path: string) =>
  SessionStore.layerOf(
    Effect.acquireRelease(Effect.sync(() => new Log(path)), (log) => Effect.sync(() => log.close())).pipe(
      Effect.map((log) => driverOf({ memory: log.memory, path, write: (change) => log.write(change) }))
    )
  )
