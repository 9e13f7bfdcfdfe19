/** Journals that are in use keep their file open; of those that are not, only the most recent ones do. */
import { Effect } from "effect"
import type { SessionStoreFailed } from "../schemas/errors/RunErrors.ts"
import type { JournalFile } from "./JournalFile.ts"

interface Slot {
  readonly journal: JournalFile
  users: number
}

export interface JournalCache {
  /** `open` is asked for when the path is not here. Callers see to it that one path has one user at a time. */
  readonly use: <A>(
    path: string,
    open: Effect.Effect<JournalFile, SessionStoreFailed>,
    f: (journal: JournalFile) => Effect.Effect<A, SessionStoreFailed>
  ) => Effect.Effect<A, SessionStoreFailed>
  /** Closes and forgets every path that begins with this. */
  readonly forget: (prefix: string) => Effect.Effect<void>
}

/** Closed with the scope. */
export const makeJournalCache = Effect.fnUntraced(function*(capacity: number) {
  const slots = new Map<string, Slot>()

  const drop = (path: string, slot: Slot) => {
    slots.delete(path)
    return slot.journal.release
  }
  const trim = Effect.suspend(() => {
    const idle = [...slots].filter(([, slot]) => slot.users === 0)
    const surplus = idle.slice(0, Math.max(0, slots.size - capacity))
    return Effect.forEach(surplus, ([path, slot]) => drop(path, slot), { discard: true })
  })
  const forget = (prefix: string) =>
    Effect.suspend(() => {
      const gone = [...slots].filter(([path]) => path.startsWith(prefix))
      return Effect.forEach(gone, ([path, slot]) => drop(path, slot), { discard: true })
    })

  yield* Effect.addFinalizer(() => forget(""))
  const taken = (path: string, slot: Slot) => {
    slot.users++
    // Deleting first makes it the most recent in the order of insertion.
    slots.delete(path)
    slots.set(path, slot)
    return slot
  }
  const cache: JournalCache = {
    use: (path, open, f) =>
      Effect.acquireUseRelease(
        Effect.suspend(() => {
          const slot = slots.get(path)
          if (slot !== undefined) return Effect.succeed(taken(path, slot))
          return Effect.map(open, (journal) => taken(path, slots.get(path) ?? { journal, users: 0 }))
        }),
        (slot) => f(slot.journal),
        (slot) => {
          slot.users--
          return slots.size > capacity ? trim : Effect.void
        }
      ),
    forget
  }
  return cache
})
