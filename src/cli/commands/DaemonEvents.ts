import { Effect, Stream } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { element } from "../Output.ts"
import { daemonEventLine } from "../render/EventText.ts"

export const daemonEvents = Command.make("events", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["daemon/events"]({}).pipe(
      Stream.runForEach((event) => "watching" in event ? Effect.void : element(event, daemonEventLine(event)))
    )
  })).pipe(Command.withDescription("Show what happens to the daemon and its plugins, as it happens"))
