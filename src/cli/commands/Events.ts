import { Effect, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { element } from "../Output.ts"
import { eventLine } from "../render/EventText.ts"

export const events = Command.make("events", {
  follow: Flag.Boolean("follow").pipe(
    Flag.withAlias("f"),
    Flag.withDefault(true),
    Flag.withDescription("Stay; events are live, what happened before is in: animus workflow get")
  ),
  workflow: Flag.String("workflow").pipe(Flag.optional, Flag.withDescription("Only this run")),
  kind: Flag.String("kind").pipe(Flag.atLeast(0), Flag.withDescription("Only these kinds; may be repeated"))
}, ({ kind, workflow }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const kinds = kind.length === 0 ? {} : { kinds: kind }
    yield* control["workflow/events"]({ ...given({ workflow_id: workflow }), ...kinds }).pipe(
      Stream.runForEach((event) => "watching" in event ? Effect.void : element(event, eventLine(event)))
    )
  })).pipe(Command.withDescription("Show what runs do, as it happens"))
