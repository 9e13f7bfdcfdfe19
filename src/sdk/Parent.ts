/**
 * Who started this process. Its end is mostly told by the end of stdin; another process can hold that pipe open, and then only
 * a change of parent tells.
 */
import { Context, Effect, Schedule } from "effect"

const ownParent = (): number | undefined => {
  const id: unknown = Reflect.get(Object(Reflect.get(globalThis, "process")), "ppid")
  return typeof id === "number" ? id : undefined
}

/** The parent's process id now; undefined where the runtime has no such thing. */
export class ParentId extends Context.Reference<() => number | undefined>("animus/sdk/ParentId", {
  defaultValue: () => ownParent
}) {}

/** Returns when the parent is not the one it was when this was made; looks that often. */
export const parentGone = Effect.fnUntraced(function*(every: "5 seconds" | "100 millis") {
  const parent = yield* ParentId
  const first = parent()
  if (first === undefined) return yield* Effect.never
  yield* Effect.repeat(Effect.sync(parent), {
    schedule: Schedule.spaced(every),
    while: (now) => now === first
  })
})
