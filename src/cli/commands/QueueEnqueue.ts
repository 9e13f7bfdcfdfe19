import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { priority, subjectId } from "../SharedFlags.ts"

export const queueEnqueue = Command.make("enqueue", {
  id: subjectId,
  priority: priority.pipe(Flag.withDefault(2))
}, ({ id, priority }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const entry = yield* control["queue/enqueue"]({ task_id: id, priority })
    yield* succeed(entry, [`${entry.id} is ${entry.status}`])
  })).pipe(Command.withDescription("Queue work on a subject with the default workflow"))
