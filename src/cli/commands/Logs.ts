/** `logs`, and the same as `logs tail` and `daemon logs`. */
import { Effect, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { type LogEntry, LogLevel } from "../../../schemas/Log.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { logQueryOf } from "../../control/LogRequest.ts"
import { given } from "../Given.ts"
import { OfflineFiles, orOffline } from "../OfflineFiles.ts"
import { element, succeed } from "../Output.ts"
import { logLine } from "../render/EventText.ts"
import { limit } from "../SharedFlags.ts"
import { momentOf } from "../Since.ts"

interface Wanted {
  readonly level?: LogLevel
  readonly plugin?: string
  readonly since?: string
}

const entriesOf = Effect.fnUntraced(function*(follow: boolean, wanted: Wanted) {
  const control = yield* ControlClient
  return control["daemon/logs"]({ follow, ...wanted }).pipe(
    Stream.filter((entry): entry is LogEntry => !("watching" in entry))
  )
}, Stream.unwrap)

const offlineEntries = Effect.fnUntraced(function*(wanted: Wanted) {
  const files = yield* OfflineFiles
  const { entries } = yield* files.logs(logQueryOf(wanted))
  return entries
})

const flags = {
  follow: Flag.Boolean("follow").pipe(Flag.withAlias("f"), Flag.withDefault(false), Flag.withDescription("Stay")),
  level: Flag.Literals("level", LogLevel.literals).pipe(Flag.optional, Flag.withDescription("At least this urgent")),
  plugin: Flag.String("plugin").pipe(Flag.optional, Flag.withDescription("Only what this plugin said")),
  search: Flag.String("search").pipe(Flag.optional, Flag.withDescription("Only what has this text in it")),
  limit: limit.pipe(Flag.withDescription("How many at most, the newest of them; with -f all")),
  since: Flag.String("since").pipe(
    Flag.optional,
    Flag.withDescription("A time such as 2026-01-31T09:30:00Z, or how long ago, such as 15m or 2h")
  )
}

const holding = (search: Option.Option<string>) => (entry: LogEntry): boolean =>
  Option.match(search, {
    onNone: () => true,
    onSome: (text) => `${entry.message} ${entry.source_name ?? entry.target}`.toLowerCase().includes(text.toLowerCase())
  })

const shown = <const Name extends string>(name: Name) =>
  Command.make(name, flags, ({ follow, level, limit, plugin, search, since }) =>
    Effect.gen(function*() {
      const from = Option.isSome(since) ? Option.some(yield* momentOf(since.value)) : Option.none()
      const wanted = given({ level, plugin, since: from })
      const isWanted = holding(search)
      if (follow) {
        const all = Stream.filter(entriesOf(true, wanted), isWanted)
        return yield* Stream.runForEach(all, (entry) => element(entry, logLine(entry)))
      }
      const { offline, value } = yield* orOffline(Stream.runCollect(entriesOf(false, wanted)), offlineEntries(wanted))
      const entries = value.filter(isWanted).slice(-Option.getOrElse(limit, () => value.length))
      yield* succeed({ entries }, entries.map(logLine), { offline })
    })).pipe(
      Command.withDescription("Show the daemon's log: the newest 200 entries, and what follows with -f")
    )

export const daemonLogs = shown("logs")

export const logs = shown("logs").pipe(Command.withSubcommands([Command.unlisted(shown("tail"))]))
