/**
 * Sessions as files an operator can read: `<scopeDir>/runs/<run>/journal.jsonl`, `<phase>.session.json`,
 * `<phase>.<attempt>.transcript.jsonl`. Journals and records are on the disk when a call returns. One daemon writes; a run whose
 * journal is damaged keeps no other from going on, and is `unreadable` until its folder is restored or moved away.
 */
import { Effect } from "effect"
import * as Fs from "node:fs/promises"
import { SequenceConflict, SessionStoreFailed, StoreUnreachable } from "../schemas/errors/RunErrors.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import type { SessionStoreDriver } from "../src/session/SessionStoreDriver.ts"
import {
  attempt,
  attemptIfThere,
  Disk,
  firstFile,
  isTorn,
  makeFolder,
  newFolder,
  type OpenFolder,
  openFolder,
  readIfThere,
  remove,
  replaceFile,
  settleFile,
  syncFolder
} from "./DurableFile.ts"
import { type JournalFile, loadJournal, readJournal, resumeJournal } from "./JournalFile.ts"
import { seal } from "./JournalLines.ts"
import { makeOpenFiles, type OpenFiles } from "./OpenFiles.ts"
import { isRemoved, type RunFolder, runFolder, RUNS } from "./RunFolder.ts"
import { RunIndex } from "./RunIndex.ts"
import { encodeIndexLine, type LoadedIndex, loadIndex, type LoadOptions } from "./RunIndexFile.ts"
import { stateFolder } from "./StateFolder.ts"
import { acquireStoreLock } from "./StoreLock.ts"
import { Turns } from "./Turns.ts"

const OPEN_FILES = 64

/** What the store knows without looking at the disk. */
class State {
  readonly folder: RunFolder
  readonly index: RunIndex
  readonly sizes = new Map<string, number>()
  readonly damaged: Map<string, SessionStoreFailed>
  /** Of a run's journal, under its id; of its records, under `recordsOf`, and of each of them, under its path. */
  readonly turns = new Turns()
  /** Runs whose folder is known to be there after a power cut. */
  readonly #kept: Set<string>
  /** Of the runs whose folder was made here and that have not ended: the phases that have a record. */
  readonly #records = new Map<string, Set<string>>()

  constructor(folder: RunFolder, loaded: LoadedIndex) {
    this.folder = folder
    this.damaged = new Map(loaded.damaged)
    this.index = new RunIndex(loaded.runs.map(({ row }) => row))
    this.#kept = new Set(loaded.runs.map(({ row }) => row.run))
    for (const { row, size } of loaded.runs) this.sizes.set(row.run, size)
  }

  keep(run: string): Effect.Effect<void, SessionStoreFailed> {
    return Effect.suspend(() => {
      if (this.#kept.has(run)) return Effect.void
      return Effect.tap(makeFolder(this.folder.of(run)), () => Effect.sync(() => this.#kept.add(run)))
    })
  }

  /** Makes the folder of a new run; what comes back makes all names of its journal durable. */
  newNames(run: string) {
    const folder = this.folder.of(run)
    const own = syncFolder(folder, "file")
    if (this.#kept.has(run)) return Effect.succeed(own)
    return Effect.map(newFolder(folder), ({ isNew, syncName }) => {
      if (isNew) this.#records.set(run, new Set())
      return Effect.all([syncName, own], { concurrency: 2, discard: true })
    })
  }

  began(run: string): void {
    this.#kept.add(run)
  }

  ended(run: string): void {
    this.#records.delete(run)
  }

  isOwn(run: string): boolean {
    return this.#records.has(run)
  }

  /** Whether no record of this phase was ever written; from now on one was. */
  claimFirst(run: string, phase: string): boolean {
    const known = this.#records.get(run)
    if (known === undefined || known.has(phase)) return false
    known.add(phase)
    return true
  }

  forget(run: string): void {
    this.#kept.delete(run)
    this.ended(run)
    this.index.remove(run)
    this.sizes.delete(run)
    this.damaged.delete(run)
  }

  requireIntact(run: string): Effect.Effect<void, SessionStoreFailed> {
    return Effect.suspend(() => this.damaged.get(run) ?? Effect.void)
  }
}

const DAEMON: LoadOptions = { settle: true }
const LOOKER: LoadOptions = { settle: false }

/** Files that the store keeps open. */
interface Opened {
  readonly journals: OpenFiles<JournalFile>
  readonly folders: OpenFiles<OpenFolder>
}

/** All of a run's records; its folder stays open under this name. */
const recordsOf = (run: string) => `${run}/`

type Reads = "read" | "row" | "rows" | "unfinished" | "unreadable" | "session" | "transcript" | "location"

/** A first record that was cut short with the power before anybody was told of it counts for none. */
const isNone = (record: Buffer): boolean => {
  if (!isTorn(record)) return false
  try {
    JSON.parse(record.toString("utf8"))
    return false
  } catch {
    // No beginning of an object is JSON itself: of a record that was written whole, this would be damage.
    return true
  }
}

/** `settle`: a record that another process wrote, and may not have synced, is made durable before it is believed. */
const reads = (state: State, { settle: settles }: LoadOptions): Pick<SessionStoreDriver, Reads> => ({
  read: Effect.fnUntraced(function*(run, after) {
    yield* state.requireIntact(run)
    const size = state.sizes.get(run)
    const journal = size === undefined ? undefined : yield* readJournal(state.folder.journal(run), size)
    return journal?.lines.slice(after)
  }),
  row: (run) => Effect.as(state.requireIntact(run), state.index.get(run)),
  rows: (query) => Effect.sync(() => state.index.query(query)),
  unfinished: Effect.sync(() => state.index.unfinished()),
  unreadable: Effect.sync(() => Array.from(state.damaged, ([run, failure]) => ({ run, failure }))),
  session: Effect.fnUntraced(function*(run, phase) {
    const path = state.folder.session(run, phase)
    if (settles && !state.isOwn(run)) yield* settleFile(path)
    const record = yield* readIfThere(path)
    return record === undefined || isNone(record) ? undefined : record.toString("utf8")
  }),
  transcript: (run, phase, attempt) =>
    Effect.map(readJournal(state.folder.transcript(run, phase, attempt)), (journal) => journal?.lines ?? []),
  location: (run) => state.folder.of(run)
})

const loadVolatile = (path: string) => Effect.map(loadJournal(path, { durable: false }), ({ journal }) => journal)

/** The index only saves time at the next start, which repairs it from the journals: what it cannot take is not lost. */
const noteInIndex = (state: State, { journals }: Opened, line: Parameters<typeof encodeIndexLine>[0]) => {
  const path = state.folder.index
  const write = journals.use(path, loadVolatile(path), (journal) => journal.append([encodeIndexLine(line)]))
  return Effect.ignore(state.turns.alone(path, write))
}

const appendTo = (state: State, opened: Opened): SessionStoreDriver["append"] =>
  Effect.fnUntraced(function*(expected, lines, row) {
    const { run } = row
    yield* state.requireIntact(run)
    const actual = state.index.get(run)?.sequence ?? 0
    if (actual !== expected) return yield* new SequenceConflict({ run, expected, actual })
    const path = state.folder.journal(run)
    const open = expected === 0
      ? Effect.map(state.newNames(run), (syncNames) => resumeJournal(path, 0, { syncNames }))
      : Effect.map(state.keep(run), () => resumeJournal(path, state.sizes.get(run) ?? 0))
    const size = yield* opened.journals.use(
      path,
      open,
      (journal) => Effect.map(journal.append(lines.map(({ line }) => line)), journal.size)
    )
    if (expected === 0) state.began(run)
    state.sizes.set(run, size)
    state.index.put(row)
    if (!row.finished) return
    state.ended(run)
    yield* noteInIndex(state, opened, { run, size, row })
    yield* opened.journals.forget(`${state.folder.of(run)}/`)
    yield* state.turns.alone(recordsOf(run), opened.folders.forget(recordsOf(run)))
  }, (effect, _expected, _lines, row) => state.turns.alone(row.run, effect))

/** The record replaces the one before it, if there is one, and has its name for good when this returns. */
const putRecord = (state: State, { folders }: Opened): SessionStoreDriver["putSession"] => (run, phase, record) => {
  const key = recordsOf(run)
  const syncNames = folders.use(key, openFolder(state.folder.of(run)), (folder) => folder.sync("file")).pipe(
    Effect.tapError(() => folders.forget(key))
  )
  const path = state.folder.session(run, phase)
  const written = Effect.suspend(() =>
    (state.claimFirst(run, phase) ? firstFile : replaceFile)(path, record, syncNames)
  )
  return state.turns.shared(key, state.turns.alone(path, Effect.andThen(state.keep(run), written)))
}

const removeFrom = (state: State, opened: Opened): SessionStoreDriver["remove"] =>
  Effect.fnUntraced(function*(run) {
    const { folder } = state
    yield* opened.journals.forget(`${folder.of(run)}/`)
    yield* opened.folders.forget(recordsOf(run))
    const disk = yield* Disk
    yield* remove(folder.removed(run))
    // The name goes first, in one step: a crash in the middle leaves no half of a run.
    yield* attemptIfThere("remove", folder.of(run), () => disk.rename(folder.of(run), folder.removed(run)))
    yield* syncFolder(folder.root, "removal")
    if (state.index.get(run)?.finished === true) yield* noteInIndex(state, opened, { run, size: 0 })
    state.forget(run)
    yield* remove(folder.removed(run))
  }, (effect, run) => state.turns.alone(run, state.turns.alone(recordsOf(run), effect)))

type Writes = Exclude<keyof SessionStoreDriver, Reads>

const writes = (state: State, opened: Opened): Pick<SessionStoreDriver, Writes> => ({
  append: appendTo(state, opened),
  putSession: putRecord(state, opened),
  appendTranscript: (run, phase, attempt, lines) => {
    const path = state.folder.transcript(run, phase, attempt)
    const write = opened.journals.use(path, loadVolatile(path), (journal) => journal.append(lines))
    return state.turns.alone(run, Effect.andThen(state.keep(run), write))
  },
  remove: removeFrom(state, opened)
})

/** Finishes removals that a crash cut short, and writes the index anew when it is not what the journals say. */
const tidy = Effect.fnUntraced(function*(folder: RunFolder, loaded: LoadedIndex) {
  const names = yield* attempt("list", folder.root, () => Fs.readdir(folder.root))
  const removed = names.filter(isRemoved)
  if (removed.length > 0) yield* syncFolder(folder.root, "removal")
  yield* Effect.forEach(removed, (name) => remove(`${folder.root}/${name}`), { discard: true })
  if (loaded.fresh) return
  const lines = loaded.runs.filter(({ row }) => row.finished).map(({ row, size }) =>
    seal(encodeIndexLine({ run: row.run, size, row }))
  )
  yield* Effect.ignore(replaceFile(folder.index, lines.join("")))
})

/** For whoever holds the lock of the store already. */
export const driver = Effect.gen(function*() {
  const { scopeDir } = yield* ProjectScope
  yield* stateFolder(RUNS)
  const folder = runFolder(scopeDir)
  const loaded = yield* loadIndex(folder, DAEMON)
  yield* tidy(folder, loaded)
  const state = new State(folder, loaded)
  const opened: Opened = {
    journals: yield* makeOpenFiles<JournalFile>(OPEN_FILES),
    folders: yield* makeOpenFiles<OpenFolder>(OPEN_FILES)
  }
  return { ...reads(state, DAEMON), ...writes(state, opened) } satisfies SessionStoreDriver
})

const writer = Effect.gen(function*() {
  yield* acquireStoreLock((yield* ProjectScope).scopeDir)
  return yield* driver
})

/** For looking while no daemon runs: takes no lock, changes nothing, and is a picture of the moment it was opened. */
export const driverReadOnly = Effect.gen(function*() {
  const { scopeDir } = yield* ProjectScope
  const folder = runFolder(scopeDir)
  const state = new State(folder, yield* loadIndex(folder, LOOKER))
  const refused = Effect.fail(
    new SessionStoreFailed({
      reason: new StoreUnreachable({
        operation: "write",
        path: folder.root,
        detail: "it was opened for reading. Start the daemon, which writes it: animus daemon start"
      })
    })
  )
  return {
    ...reads(state, LOOKER),
    append: () => refused,
    putSession: () => refused,
    appendTranscript: () => refused,
    remove: () => refused
  } satisfies SessionStoreDriver
})

/** The daemon's: takes the lock of the store and holds it until its scope closes. */
export const layer = SessionStore.layerOf(writer)

/** What looks, as a layer. */
export const layerReadOnly = SessionStore.layerOf(driverReadOnly)
