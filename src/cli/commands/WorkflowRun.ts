/** `workflow run`: on a subject of the backlog, named as an argument or by a flag, or on work that only a title names. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { element, succeed } from "../Output.ts"
import { beginAndWatch } from "../WatchRun.ts"
import { subjectFlags, subjectNamed, textFlag, workFlags } from "../Work.ts"

const started = (id: string) => `started run ${id}`

const HELP = "name one subject to work on: animus workflow run task:TASK-001; or work of its own: --title TITLE"

export const workflowRun = Command.make("run", {
  ...subjectFlags,
  title: textFlag("title", "Work that is in no backlog, by a title of its own"),
  description: textFlag("description", "What is wanted, in full, beside --title"),
  ...workFlags,
  model: textFlag("model", "For its agent phases, whatever they say: a model's own id"),
  tool: textFlag("tool", "For its agent phases, whatever they say: a provider's tool"),
  watch: Flag.Boolean("watch").pipe(
    Flag.withAlias("sync"),
    Flag.withDefault(false),
    Flag.withDescription("Stay and show what happens")
  )
}, ({ description, input, model, title, tool, vars, watch, workflow, ...named }) =>
  Effect.gen(function*() {
    const subject = yield* subjectNamed(named, title, HELP)
    if (Option.isSome(description) && Option.isNone(title)) {
      return yield* new InvalidInput({ detail: "--description goes with --title: a subject has its own" })
    }
    const control = yield* ControlClient
    const params = {
      ...Option.getOrElse(input, () => ({})),
      ...given({ vars, title, description })
    }
    const override = given({ model, tool })
    const how = { params, ...(Object.keys(override).length === 0 ? {} : { override }) }
    const begin = Option.isSome(subject)
      ? control["workflow/run"]({ task_id: subject.value, ...how, ...given({ definition: workflow }) })
      : control["workflow/execute"]({ definition: Option.getOrElse(workflow, () => ""), ...how })
    if (watch) {
      const told = Effect.tap(begin, (begun) => element(begun, started(begun.workflow_id)))
      return yield* beginAndWatch(Effect.map(told, ({ workflow_id }) => workflow_id))
    }
    const begun = yield* begin
    const id = begun.workflow_id
    yield* succeed(begun, [started(id), `follow it with: animus workflow watch ${id}`])
  })).pipe(Command.withDescription("Start a run on a subject now"))
