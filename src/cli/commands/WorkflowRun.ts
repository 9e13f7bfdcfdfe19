/** `workflow run`: on a subject of the backlog, named as an argument or by a flag, or on work that only a title names. */
import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { JsonObject } from "../../../schemas/Json.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { element, succeed } from "../Output.ts"
import { vars } from "../SharedFlags.ts"
import { beginAndWatch } from "../WatchRun.ts"

const started = (id: string) => `started run ${id}`

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.optional, Flag.withDescription(description))

/** The ways to say what the work is about. */
const about = {
  subject: Argument.String("subject").pipe(
    Argument.optional,
    Argument.withDescription("Subject id, such as task:TASK-001")
  ),
  task: text("task-id", "The same as a flag: a task's id, with or without its kind"),
  requirement: text("requirement-id", "A requirement's id, with or without its kind"),
  title: text("title", "Work that is in no backlog, by a title of its own")
}

const withKind = (kind: string) => (id: string) => id.includes(":") ? id : `${kind}:${id}`

type About = { readonly [K in keyof typeof about]: Option.Option<string> }

const subjectOf = ({ requirement, subject, task, title }: About) => {
  const named = [subject, Option.map(task, withKind("task")), Option.map(requirement, withKind("requirement"))]
  const [first, ...others] = [...named, title].flatMap(Option.toArray)
  const isOne = first !== undefined && others.length === 0
  return isOne ? Effect.succeed(Option.firstSomeOf(named)) : new InvalidInput({
    detail: "name one subject to work on: animus workflow run task:TASK-001; or work of its own: --title TITLE"
  })
}

export const workflowRun = Command.make("run", {
  ...about,
  description: text("description", "What is wanted, in full, beside --title"),
  workflow: Flag.String("workflow").pipe(
    Flag.withAlias("workflow-ref"),
    Flag.optional,
    Flag.withDescription("Default: default_workflow_ref")
  ),
  vars,
  input: Flag.String("input-json").pipe(
    Flag.withSchema(Schema.fromJsonString(JsonObject)),
    Flag.optional,
    Flag.withDescription("A JSON object that phases find as input")
  ),
  watch: Flag.Boolean("watch").pipe(
    Flag.withAlias("sync"),
    Flag.withDefault(false),
    Flag.withDescription("Stay and show what happens")
  )
}, ({ description, input, vars, watch, workflow, ...named }) =>
  Effect.gen(function*() {
    const subject = yield* subjectOf(named)
    if (Option.isSome(description) && Option.isNone(named.title)) {
      return yield* new InvalidInput({ detail: "--description goes with --title: a subject has its own" })
    }
    const control = yield* ControlClient
    const params = {
      ...Option.getOrElse(input, () => ({})),
      ...given({ vars, title: named.title, description })
    }
    const begin = Option.isSome(subject)
      ? control["workflow/run"]({ task_id: subject.value, params, ...given({ definition: workflow }) })
      : control["workflow/execute"]({ definition: Option.getOrElse(workflow, () => ""), params })
    if (watch) {
      const told = Effect.tap(begin, (begun) => element(begun, started(begun.workflow_id)))
      return yield* beginAndWatch(Effect.map(told, ({ workflow_id }) => workflow_id))
    }
    const begun = yield* begin
    const id = begun.workflow_id
    yield* succeed(begun, [started(id), `follow it with: animus workflow watch ${id}`])
  })).pipe(Command.withDescription("Start a run on a subject now"))
