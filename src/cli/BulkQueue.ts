/**
 * A word about one entry of the queue, as ever, or about several, or about all that it can be said of. One refusal among many
 * is a failure that carries what became of each.
 */
import { Effect } from "effect"
import { Argument, Flag } from "effect/cli"
import { ControlError } from "../../schemas/control/ControlError.ts"
import type { QueueItem } from "../../schemas/control/QueueRpcs.ts"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../control/ControlClient.ts"
import { succeed } from "./Output.ts"
import { table } from "./Table.ts"

export const bulkEntries = {
  ids: Argument.String("entry").pipe(
    Argument.variadic(),
    Argument.withDescription("Queue entry ids, as queue list shows them, or ids of their subjects")
  ),
  all: Flag.Boolean("all").pipe(Flag.withDefault(false), Flag.withDescription("Every entry that it can be said of")),
  yes: Flag.Boolean("yes").pipe(Flag.withDefault(false), Flag.withDescription("All of them are meant"))
}

interface Bulk<E, R> {
  readonly op: "drop" | "hold" | "release"
  readonly ids: ReadonlyArray<string>
  readonly all: boolean
  /** Where an entry stands of which it can be said. */
  readonly of: ReadonlyArray<QueueItem["status"]>
  readonly one: (id: string) => Effect.Effect<unknown, E, R>
  /** To whoever named one alone. */
  readonly said: (id: string) => string
}

const PAGE = 500

const everyEntry = Effect.fnUntraced(function*(of: ReadonlyArray<QueueItem["status"]>) {
  const control = yield* ControlClient
  const found: Array<string> = []
  let cursor: string | undefined
  do {
    const page = yield* control["queue/list"]({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })
    for (const { id, status } of page.entries) if (of.includes(status)) found.push(id)
    cursor = page.next_cursor
  } while (cursor !== undefined)
  return found
})

export const sayOfEntries = Effect.fnUntraced(function*<E extends { readonly message: string }, R>(
  { all, ids, of, one, op, said }: Bulk<E, R>
) {
  const [first, ...others] = ids
  if (all === (first !== undefined)) {
    return yield* new InvalidInput({ detail: `name what to ${op}: animus queue ${op} ENTRY; or say --all` })
  }
  if (first !== undefined && others.length === 0) {
    yield* one(first)
    return yield* succeed({ id: first }, [said(first)])
  }
  const items = yield* Effect.forEach(all ? yield* everyEntry(of) : ids, (id) =>
    Effect.match(one(id), {
      onSuccess: () => ({ id, ok: true }),
      onFailure: ({ message }) => ({ id, ok: false, error: message })
    }))
  const failed = items.filter(({ ok }) => !ok).length
  const result = { op, all, requested: items.length, succeeded: items.length - failed, failed, items, via: "daemon" }
  const lines = items.length === 0 ? ["no such entries"] : table(
    ["ENTRY", "", "WHY"],
    items.map((item) => [item.id, item.ok ? "ok" : "refused", "error" in item ? item.error : undefined])
  )
  if (failed === 0) return yield* succeed(result, lines)
  return yield* new ControlError({
    category: "conflict",
    message: `${failed} of ${items.length} refused to ${op}:\n${lines.join("\n")}`,
    data: { ...result, items: items.map((item) => ({ ...item })) }
  })
})
