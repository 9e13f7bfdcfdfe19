import { Effect, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { type LogEntry, LogLevel } from "../../../schemas/Log.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { logQueryOf } from "../../control/LogRequest.ts"
import { given } from "../Given.ts"
import { OfflineFiles, orOffline } from "../OfflineFiles.ts"
import { element, succeed } from "../Output.ts"
import { logLine } from "../render/EventText.ts"
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

export const logs = Command.make("logs", {
  follow: Flag.Boolean("follow").pipe(Flag.withAlias("f"), Flag.withDefault(false), Flag.withDescription("Stay")),
  level: Flag.Literals("level", LogLevel.literals).pipe(Flag.optional, Flag.withDescription("At least this urgent")),
  plugin: Flag.String("plugin").pipe(Flag.optional, Flag.withDescription("Only what this plugin said")),
  since: Flag.String("since").pipe(
    Flag.optional,
    Flag.withDescription("A time such as 2026-01-31T09:30:00Z, or how long ago, such as 15m or 2h")
  )
}, ({ follow, level, plugin, since }) =>
  Effect.gen(function*() {
    const from = Option.isSome(since) ? Option.some(yield* momentOf(since.value)) : Option.none()
    const wanted = given({ level, plugin, since: from })
    if (follow) return yield* Stream.runForEach(entriesOf(true, wanted), (entry) => element(entry, logLine(entry)))
    const { offline, value } = yield* orOffline(Stream.runCollect(entriesOf(false, wanted)), offlineEntries(wanted))
    yield* succeed({ entries: value }, value.map(logLine), { offline })
  })).pipe(Command.withDescription("Show the daemon's log: the newest 200 entries, and what follows with -f"))
