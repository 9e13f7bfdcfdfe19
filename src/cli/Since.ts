/** A moment as an operator writes it: a time, or how long ago. Anything else is refused, not ignored. */
import { Clock, DateTime, Effect, Option } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"

const MILLIS: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const refusal = (text: string, flag: string) =>
  new InvalidInput({
    detail: `${flag} ${text} is no time. Write one such as 2026-01-31T09:30:00Z or 2026-01-31, ` +
      "or how long ago: 30s, 15m, 2h, 7d"
  })

/** As RFC 3339 in UTC; a time without a zone is UTC. */
export const momentOf = Effect.fnUntraced(function*(text: string, flag: string = "--since") {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (count !== undefined) {
    const now = yield* Clock.currentTimeMillis
    return DateTime.formatIso(DateTime.makeUnsafe(now - Number(count) * (MILLIS[unit] ?? 0)))
  }
  const time = /^\d{4}-\d{2}-\d{2}([T ].*)?$/.test(text) ? DateTime.make(text) : Option.none()
  return Option.isSome(time) ? DateTime.formatIso(time.value) : yield* refusal(text, flag)
})
