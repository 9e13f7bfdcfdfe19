import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"

export const daemonPause = Command.make("pause", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["daemon/pause"]({})
    yield* succeed({ paused: true }, ["nothing of the queue is started until: animus daemon resume"])
  })).pipe(Command.withDescription("Start nothing new of the queue; what runs goes on"))
