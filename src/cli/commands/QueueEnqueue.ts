import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { priority } from "../SharedFlags.ts"
import { subjectFlags, subjectNamed, workFlags } from "../Work.ts"

const HELP = "name one subject to queue: animus queue enqueue task:TASK-001"

export const queueEnqueue = Command.make("enqueue", {
  ...subjectFlags,
  ...workFlags,
  priority: priority.pipe(Flag.withDefault(2))
}, ({ input, priority, vars, workflow, ...named }) =>
  Effect.gen(function*() {
    const subject = yield* subjectNamed(named, Option.none(), HELP)
    if (Option.isNone(subject)) return yield* new InvalidInput({ detail: HELP })
    const control = yield* ControlClient
    const params = { ...Option.getOrElse(input, () => ({})), ...given({ vars }) }
    const entry = yield* control["queue/enqueue"]({
      task_id: subject.value,
      priority,
      params,
      ...given({ definition: workflow })
    })
    yield* succeed(entry, [`${entry.id} is ${entry.status}. Its place: animus queue list`])
  })).pipe(Command.withDescription("Queue work on a subject, with the default workflow or another"))
