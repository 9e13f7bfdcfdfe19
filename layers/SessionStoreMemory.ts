/** Sessions that live as long as the process. What was written can be looked into, which makes it the double for tests. */
import { Context, Effect, Layer } from "effect"
import { SequenceConflict } from "../schemas/errors/RunErrors.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import type { SessionStoreDriver } from "../src/session/SessionStoreDriver.ts"
import { RunIndex } from "./RunIndex.ts"

export class SessionStoreMemory extends Context.Service<SessionStoreMemory, {
  /** The encoded lines of a run's journal; empty when there is no such run. */
  readonly journal: (run: string) => ReadonlyArray<string>
  readonly runs: () => ReadonlyArray<string>
}>()("animus/layers/SessionStoreMemory") {
  static readonly layer = Layer.effectContext(Effect.sync(() => {
    const journals = new Map<string, Array<string>>()
    const look = SessionStoreMemory.of({
      journal: (run) => journals.get(run) ?? [],
      runs: () => [...journals.keys()]
    })
    return Context.make(SessionStore, SessionStore.make(makeDriver(journals))).pipe(
      Context.add(SessionStoreMemory, look)
    )
  }))
}

/** One that is empty, and its own. */
export const driver = Effect.sync(() => makeDriver(new Map()))

const makeDriver = (journals: Map<string, Array<string>>): SessionStoreDriver => {
  const index = new RunIndex()
  const files = new Map<string, Map<string, ReadonlyArray<string>>>()
  const filesOf = (run: string) => {
    const found = files.get(run) ?? new Map<string, ReadonlyArray<string>>()
    files.set(run, found)
    return found
  }
  return {
    append: (expected, lines, row) =>
      Effect.suspend(() => {
        const { run } = row
        const actual = index.get(run)?.sequence ?? 0
        if (actual !== expected) return new SequenceConflict({ run, expected, actual })
        journals.set(run, [...(journals.get(run) ?? []), ...lines.map(({ line }) => line)])
        index.put(row)
        return Effect.void
      }),
    read: (run, after) => Effect.sync(() => journals.get(run)?.slice(after)),
    row: (run) => Effect.sync(() => index.get(run)),
    rows: (query) => Effect.sync(() => index.query(query)),
    unfinished: Effect.sync(() => index.unfinished()),
    unreadable: Effect.succeed([]),
    putSession: (run, phase, record) => Effect.sync(() => void filesOf(run).set(`session ${phase}`, [record])),
    session: (run, phase) => Effect.sync(() => files.get(run)?.get(`session ${phase}`)?.[0]),
    appendTranscript: (run, phase, attempt, lines) =>
      Effect.sync(() => {
        const name = `transcript ${attempt} ${phase}`
        filesOf(run).set(name, [...(filesOf(run).get(name) ?? []), ...lines])
      }),
    transcript: (run, phase, attempt) => Effect.sync(() => files.get(run)?.get(`transcript ${attempt} ${phase}`) ?? []),
    remove: (run) =>
      Effect.sync(() => {
        journals.delete(run)
        files.delete(run)
        index.remove(run)
      }),
    location: () => undefined
  }
}
