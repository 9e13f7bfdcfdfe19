/** Files that are in use stay open; of those that are not, only the most recent ones do. */
import { Effect, type Scope } from "effect"
import type { SessionStoreFailed } from "../schemas/errors/RunErrors.ts"

export interface Releasable {
  /** Gives the file handle back. */
  readonly release: Effect.Effect<void>
}

interface Slot<File> {
  readonly file: File
  users: number
}

export interface OpenFiles<File extends Releasable> {
  /** `open` is asked for when the path is not here. Of several who open it at once, the first one's file is everybody's. */
  readonly use: <A>(
    path: string,
    open: Effect.Effect<File, SessionStoreFailed>,
    f: (file: File) => Effect.Effect<A, SessionStoreFailed>
  ) => Effect.Effect<A, SessionStoreFailed>
  /** Closes and forgets every path that begins with this. */
  readonly forget: (prefix: string) => Effect.Effect<void>
}

/** Closed with the scope. */
export const makeOpenFiles = Effect.fnUntraced(function*<File extends Releasable>(
  capacity: number
): Effect.fn.Return<OpenFiles<File>, never, Scope.Scope> {
  const slots = new Map<string, Slot<File>>()

  const drop = (path: string, slot: Slot<File>) => {
    slots.delete(path)
    return slot.file.release
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
  const taken = (path: string, slot: Slot<File>) => {
    slot.users++
    // Deleting first makes it the most recent in the order of insertion.
    slots.delete(path)
    slots.set(path, slot)
    return slot
  }
  const files: OpenFiles<File> = {
    use: (path, open, f) =>
      Effect.acquireUseRelease(
        Effect.suspend(() => {
          const slot = slots.get(path)
          if (slot !== undefined) return Effect.succeed(taken(path, slot))
          return Effect.flatMap(open, (file) => {
            const kept = slots.get(path)
            if (kept === undefined) return Effect.succeed(taken(path, { file, users: 0 }))
            return Effect.as(file.release, taken(path, kept))
          })
        }),
        (slot) => f(slot.file),
        (slot) => {
          slot.users--
          return slots.size > capacity ? trim : Effect.void
        }
      ),
    forget
  }
  return files
})
