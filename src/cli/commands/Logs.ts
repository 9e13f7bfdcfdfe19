import { Effect, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { LogLevel } from "../../../schemas/Log.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { element } from "../Output.ts"
import { logLine } from "../render/EventText.ts"

export const logs = Command.make("logs", {
  follow: Flag.Boolean("follow").pipe(Flag.withAlias("f"), Flag.withDefault(false)),
  level: Flag.Literals("level", LogLevel.literals).pipe(Flag.optional, Flag.withDescription("At least this urgent")),
  plugin: Flag.String("plugin").pipe(Flag.optional, Flag.withDescription("Only what this plugin said")),
  since: Flag.String("since").pipe(Flag.optional, Flag.withDescription("RFC 3339 time"))
}, ({ follow, ...flags }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["daemon/logs"]({ follow, ...given(flags) }).pipe(
      Stream.runForEach((entry) => "watching" in entry ? Effect.void : element(entry, logLine(entry)))
    )
  })).pipe(Command.withDescription("Show the daemon's log: the newest 200 entries, and what follows with -f"))
