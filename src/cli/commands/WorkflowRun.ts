import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { element, succeed } from "../Output.ts"
import { vars } from "../SharedFlags.ts"
import { beginAndWatch } from "../WatchRun.ts"

const started = (id: string) => `started run ${id}`

export const workflowRun = Command.make("run", {
  subject: Argument.String("subject").pipe(Argument.withDescription("Subject id, such as task:TASK-001")),
  workflow: Flag.String("workflow").pipe(Flag.optional, Flag.withDescription("Default: default_workflow_ref")),
  vars,
  watch: Flag.Boolean("watch").pipe(Flag.withDefault(false), Flag.withDescription("Stay and show what happens"))
}, ({ subject, vars, watch, workflow }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const params = Option.match(vars, { onNone: () => ({}), onSome: (vars) => ({ vars }) })
    const begin = control["workflow/run"]({ task_id: subject, params, ...given({ definition: workflow }) })
    if (watch) {
      const told = Effect.tap(begin, (begun) => element(begun, started(begun.workflow_id)))
      return yield* beginAndWatch(Effect.map(told, ({ workflow_id }) => workflow_id))
    }
    const begun = yield* begin
    const id = begun.workflow_id
    yield* succeed(begun, [started(id), `follow it with: animus workflow watch ${id}`])
  })).pipe(Command.withDescription("Start a run on a subject now"))
