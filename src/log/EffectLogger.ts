/**
 * `Effect.log*` into the log of the daemon, so that every room simply logs. Annotations `target`, `source` and `source_name` say
 * where a record comes from; all others become its fields. Bounded: a flood loses records, never blocks and never grows.
 */
import { Cause, Effect, Formatter, Layer, Logger, Queue, References, Schema } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { type LogLevel, LogSource } from "../../schemas/Log.ts"
import { LogBackend, type NewLogEntry } from "./LogBackend.ts"

const CAPACITY = 4096

const levels: { readonly [level: string]: LogLevel } = {
  Fatal: "error",
  Error: "error",
  Warn: "warn",
  Info: "info",
  Debug: "debug",
  Trace: "trace"
}

const isJson = Schema.is(Schema.Json)
const isSource = Schema.is(LogSource)

const toText = (value: unknown): string => typeof value === "string" ? value : Formatter.format(value)

const toJson = (value: unknown): Json => isJson(value) ? value : toText(value)

const textOf = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

const entryOf = ({ cause, fiber, logLevel, message }: Logger.Options<unknown>): NewLogEntry => {
  const { source, source_name, target, ...others } = fiber.getRef(References.CurrentLogAnnotations)
  const fields: Record<string, Json> = {}
  for (const [key, value] of Object.entries(others)) fields[key] = toJson(value)
  if (cause.reasons.length > 0) fields["error"] = Cause.pretty(cause)
  const name = textOf(source_name)
  return {
    level: levels[logLevel] ?? "info",
    source: isSource(source) ? source : "daemon",
    ...(name === undefined ? {} : { source_name: name }),
    target: textOf(target) ?? "daemon",
    message: (Array.isArray(message) ? message : [message]).map(toText).join(" "),
    ...(Object.keys(fields).length === 0 ? {} : { fields })
  }
}

const logger = Effect.gen(function*() {
  const backend = yield* LogBackend
  const queue = yield* Queue.dropping<NewLogEntry>(CAPACITY)
  let refused = 0
  const forward = Effect.fnUntraced(function*(entries: ReadonlyArray<NewLogEntry>) {
    yield* Effect.forEach(entries, backend.append, { discard: true })
    if (refused === 0) return
    const message = `${refused} records came faster than they could be taken, and were lost`
    refused = 0
    yield* backend.append({ level: "warn", source: "daemon", target: "log", message })
  })
  yield* Effect.addFinalizer(() => Effect.flatMap(Queue.clear(queue), forward))
  // What was taken is forwarded even when the end comes in between.
  const forwardNext = Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(Queue.takeAll(queue)), forward))
  yield* Effect.forkScoped(Effect.forever(forwardNext))
  return Logger.make((options) => {
    if (!Queue.offerUnsafe(queue, entryOf(options))) refused++
  })
})

/** Instead of the loggers that are there: a daemon's own output is its log. */
export const layer: Layer.Layer<never, never, LogBackend> = Logger.layer([logger])
