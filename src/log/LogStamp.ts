/** What every backend does to a record before it keeps it: take the secrets out, give it an id and a time. */
import { Clock, Config, DateTime, Effect } from "effect"
import type { LogEntry } from "../../schemas/Log.ts"
import type { NewLogEntry } from "./LogBackend.ts"
import { makeRedactor, parseList, parsePatterns } from "./Redaction.ts"

const redactor = Effect.gen(function*() {
  const patterns = yield* Config.withDefault(Config.String("ANIMUS_LOG_REDACT_PATTERNS"), "")
  const keys = parseList(yield* Config.withDefault(Config.String("ANIMUS_LOG_REDACT_KEYS"), ""))
  return makeRedactor({ patterns: parsePatterns(patterns), ...(keys.length === 0 ? {} : { keys }) })
}).pipe(
  // A log without any redaction is worse than one without the operator's additions.
  Effect.orElseSucceed(() => makeRedactor())
)

/** Ids sort as the records came, also when the clock was set back. */
export const makeStamp = Effect.gen(function*() {
  const redact = yield* redactor
  let last = 0
  let count = 0
  return Effect.fnUntraced(function*(entry: NewLogEntry) {
    const now = yield* Clock.currentTimeMillis
    count = now > last ? 0 : count + 1
    last = Math.max(now, last)
    const id = `${last.toString(36).padStart(9, "0")}-${count.toString(36).padStart(4, "0")}`
    const ts = DateTime.formatIso(DateTime.makeUnsafe(now))
    const { fields, message, ...rest } = entry
    const stamped: LogEntry = {
      ...rest,
      id,
      ts,
      message: redact.text(message),
      ...(fields === undefined ? {} : { fields: redact.data(fields) })
    }
    return stamped
  })
})
