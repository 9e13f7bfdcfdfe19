/** One event at a time, durable before the next, by store: how many a second, and how long the one that waits for it waits. */
import { Effect, Layer } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as SessionStoreFile from "../../layers/SessionStoreFile.ts"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import * as SessionStoreSqlite from "../../layers/SessionStoreSqlite.ts"
import { runStarted } from "../../layers/Testing.ts"
import { RunId } from "../../schemas/Ids.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { eachOf, figure, interleave, percentile, type Side } from "../harness.ts"
import { scratchScope } from "../scratch.ts"
import { phaseStarted } from "./history.ts"

const EVENTS = 200
const ROUNDS = 5

const line = `${
  JSON.stringify({ crc: "00000000", sequence: 100, at: "2026-01-01T00:00:00.000Z", event: phaseStarted })
}\n`

let runs = 0

/** The run's first event is no part of it: the folder is made then. */
const ours = Effect.gen(function*() {
  const store = yield* SessionStore
  const run = RunId.make(`run-${++runs}`)
  yield* store.append(run, 0, [runStarted("bench")])
  return yield* eachOf(EVENTS, (index) => store.append(run, index + 1, [phaseStarted]))
})

/** The same bytes, kept in the same way by as little as it takes. */
const bare = {
  memory: Effect.gen(function*() {
    const kept: Array<string> = []
    return yield* eachOf(EVENTS, () => Effect.sync(() => kept.push(JSON.stringify(JSON.parse(line)))))
  }),
  file: Effect.gen(function*() {
    const { scopeDir } = yield* ProjectScope
    const path = Path.join(scopeDir, `bare-${++runs}`)
    const file = yield* Effect.acquireRelease(
      Effect.promise(() => Fs.open(path, "a")),
      (file) => Effect.promise(() => file.close())
    )
    const append = async () => {
      await file.write(line)
      await file.datasync()
    }
    return yield* eachOf(EVENTS, () => Effect.promise(append))
  }).pipe(Effect.scoped),
  sqlite: Effect.gen(function*() {
    const { scopeDir } = yield* ProjectScope
    const database = new DatabaseSync(Path.join(scopeDir, `bare-${++runs}.sqlite`))
    yield* Effect.addFinalizer(() => Effect.sync(() => database.close()))
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE entry (line TEXT) STRICT")
    const insert = database.prepare("INSERT INTO entry (line) VALUES (?)")
    return yield* eachOf(EVENTS, () => Effect.sync(() => insert.run(line)))
  }).pipe(Effect.scoped)
}

const store = { memory: SessionStoreMemory.layer, file: SessionStoreFile.layer, sqlite: SessionStoreSqlite.layer }

const names = {
  memory: "a line kept in an array",
  file: "write and fdatasync",
  sqlite: "one INSERT a transaction"
}

const rate = (taken: ReadonlyArray<number>) => taken.length * 1000 / taken.reduce((sum, one) => sum + one, 0)

const measures = [
  { what: "appends", unit: "events/s", of: rate },
  { what: "append, half of them", unit: "ms", of: (taken: ReadonlyArray<number>) => percentile(taken, 0.5) },
  { what: "append, 99 of 100", unit: "ms", of: (taken: ReadonlyArray<number>) => percentile(taken, 0.99) }
]

const measure = Effect.fnUntraced(function*(kind: keyof typeof store) {
  const side: Side<unknown, SessionStore, ReadonlyArray<number>> = { name: kind, round: ours }
  const taken = yield* interleave({ rounds: ROUNDS, warmUp: 1 }, side, { name: names[kind], round: bare[kind] })
  return measures.map(({ of, unit, what }) =>
    figure(unit, { name: `${kind} store, ${what}`, samples: taken.ours.samples.map(of) }, {
      name: names[kind],
      samples: taken.baseline.samples.map(of)
    })
  )
})

const of = (kind: keyof typeof store) =>
  Effect.provide(measure(kind), Layer.provideMerge(Layer.fresh(store[kind]), Layer.fresh(scratchScope)))

export const append = Effect.gen(function*() {
  return [...yield* of("memory"), ...yield* of("file"), ...yield* of("sqlite")]
})
