/** What a plugin says to people, in the daemon's log under its name: stderr, `log/entry` records, and what was skipped. */
import { Effect, type LogLevel, Option, Schema } from "effect"
import { PluginLogRecord } from "../../schemas/Log.ts"
import type { Garbage } from "../rpc/FrameAssembler.ts"
import type { PluginNotification } from "./PluginFanout.ts"

export interface PluginLog {
  readonly stderr: (line: string) => Effect.Effect<void>
  readonly skipped: (garbage: ReadonlyArray<Garbage>) => Effect.Effect<void>
  /** Writes the `log/entry` notifications among these. */
  readonly entries: (batch: ReadonlyArray<PluginNotification>) => Effect.Effect<void>
}

const severityOf: Record<PluginLogRecord["level"], LogLevel.Severity> = {
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error"
}

const decode = Schema.decodeUnknownOption(PluginLogRecord)

const write = (params: unknown) =>
  Option.match(decode(params), {
    onNone: () => Effect.annotateLogs(Effect.logWarning("unreadable log/entry"), { target: "plugin.log" }),
    onSome: ({ fields, level, message, target }) =>
      Effect.annotateLogs(
        Effect.logWithLevel(severityOf[level])(message),
        fields === undefined ? { target } : { target, fields }
      )
  })

const isEntry = ({ method }: PluginNotification): boolean => method === "log/entry"

export const makePluginLog = (plugin: string): PluginLog => ({
  stderr: (line) => Effect.annotateLogs(Effect.logWarning(line), { plugin, target: "plugin.stderr" }),
  skipped: (garbage) =>
    Effect.forEach(garbage, ({ kind, text }) => Effect.logWarning(`skipped on stdout (${kind}): ${text}`), {
      discard: true
    })
      .pipe(Effect.annotateLogs({ plugin, target: "plugin.stdout" })),
  entries: (batch) => {
    if (!batch.some(isEntry)) return Effect.void
    const entries = batch.filter(isEntry)
    return Effect.annotateLogs(Effect.forEach(entries, ({ params }) => write(params), { discard: true }), { plugin })
  }
})
