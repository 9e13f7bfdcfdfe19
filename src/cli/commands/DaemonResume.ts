import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"

export const daemonResume = Command.make("resume", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    yield* control["daemon/resume"]({})
    yield* succeed({ paused: false }, ["the queue is worked on"])
  })).pipe(Command.withDescription("Start what waits in the queue again"))
