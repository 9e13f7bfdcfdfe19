/**
 * `Effect.log*` into the log of the daemon, so that every room simply logs. Annotations `target`, `source` and `source_name` say
 * where a record comes from, `plugin` that it is one of that plugin's own; all others become its fields, `fields` key by key.
 * Bounded: a flood loses records, never blocks and never grows; what floods is a plugin's, it loses its own.
 */
import { Cause, Effect, Formatter, Latch, Layer, Logger, Queue, References, Schema } from "effect"
import { isJsonObject, type Json } from "../../schemas/Json.ts"
import { type LogLevel, LogSource } from "../../schemas/Log.ts"
import { LogBackend, type NewLogEntry } from "./LogBackend.ts"
import { PluginQuota } from "./PluginQuota.ts"

const CAPACITY = 4096
/** How often it is said that a plugin's records are being dropped. */
const REPORT_EVERY = "5 seconds"

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

/** Under the names that a plugin gave them, when they are such. */
const fieldsIn = (given: unknown): Record<string, Json> => {
  if (given === undefined) return {}
  const json = toJson(given)
  return isJsonObject(json) ? { ...json } : { fields: json }
}

const entryOf = ({ cause, fiber, logLevel, message }: Logger.Options<unknown>): NewLogEntry => {
  const { fields: given, plugin, source, source_name, target, ...others } = fiber.getRef(
    References.CurrentLogAnnotations
  )
  const fields: Record<string, Json> = fieldsIn(given)
  for (const [key, value] of Object.entries(others)) fields[key] = toJson(value)
  if (cause.reasons.length > 0) fields["error"] = Cause.pretty(cause)
  const author = textOf(plugin)
  const name = author ?? textOf(source_name)
  return {
    level: levels[logLevel] ?? "info",
    source: author !== undefined ? "plugin" : isSource(source) ? source : "daemon",
    ...(name === undefined ? {} : { source_name: name }),
    target: textOf(target) ?? "daemon",
    message: (Array.isArray(message) ? message : [message]).map(toText).join(" "),
    ...(Object.keys(fields).length === 0 ? {} : { fields })
  }
}

/** Roughly what a line of the log takes. */
const bytesOf = ({ fields, message }: NewLogEntry): number =>
  200 + message.length + (fields === undefined ? 0 : JSON.stringify(fields).length)

/** Asked before a record gets a place in the queue, which a flood would otherwise take from everybody. */
const makeQuota = Effect.fnUntraced(function*(backend: LogBackend["Service"]) {
  const quota = new PluginQuota()
  const over = yield* Latch.make()
  const report = Effect.suspend(() =>
    Effect.forEach(quota.takeDropped(), ([plugin, count]) =>
      backend.append({
        level: "warn",
        source: "plugin",
        source_name: plugin,
        target: "log",
        message: `${count} records of plugin ${plugin} were dropped: it writes more than its share of the log`
      }), { discard: true })
  )
  const reportNext = over.await.pipe(
    Effect.andThen(Effect.sleep(REPORT_EVERY)),
    Effect.andThen(over.close),
    Effect.andThen(report)
  )
  yield* Effect.addFinalizer(() => report)
  yield* Effect.forkScoped(Effect.forever(reportNext))
  return {
    admits: (entry: NewLogEntry, now: number): boolean => {
      if (entry.source !== "plugin" || entry.source_name === undefined) return true
      const admitted = quota.admits(entry.source_name, bytesOf(entry), now)
      if (!admitted) over.openUnsafe()
      return admitted
    }
  }
})

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
  const quota = yield* makeQuota(backend)
  yield* Effect.addFinalizer(() => Effect.flatMap(Queue.clear(queue), forward))
  // What was taken is forwarded even when the end comes in between.
  const forwardNext = Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(Queue.takeAll(queue)), forward))
  yield* Effect.forkScoped(Effect.forever(forwardNext))
  return Logger.make((options) => {
    const entry = entryOf(options)
    if (quota.admits(entry, options.date.getTime()) && !Queue.offerUnsafe(queue, entry)) refused++
  })
})

/** Instead of the loggers that are there: a daemon's own output is its log. */
export const layer: Layer.Layer<never, never, LogBackend> = Logger.layer([logger])
