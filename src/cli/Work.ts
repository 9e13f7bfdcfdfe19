/** How an operator says what is to be worked on, and with what: the same for work that begins now and work that may wait. */
import { Effect, Option, Schema } from "effect"
import { Argument, Flag } from "effect/cli"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { JsonObject } from "../../schemas/Json.ts"
import { vars } from "./SharedFlags.ts"

export const textFlag = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.optional, Flag.withDescription(description))

/** The ways to name a subject of the backlog. */
export const subjectFlags = {
  subject: Argument.String("subject").pipe(
    Argument.optional,
    Argument.withDescription("Subject id, such as task:TASK-001")
  ),
  task: textFlag("task-id", "The same as a flag: a task's id, with or without its kind"),
  requirement: textFlag("requirement-id", "A requirement's id, with or without its kind")
}

const withKind = (kind: string) => (id: string) => id.includes(":") ? id : `${kind}:${id}`

export type Named = { readonly [K in keyof typeof subjectFlags]: Option.Option<string> }

/** The one subject that was named, if no `other` work was; anything else is refused, with what to type. */
export const subjectNamed = (
  { requirement, subject, task }: Named,
  other: Option.Option<string>,
  help: string
): Effect.Effect<Option.Option<string>, InvalidInput> => {
  const named = [subject, Option.map(task, withKind("task")), Option.map(requirement, withKind("requirement"))]
  const isOne = [...named, other].filter(Option.isSome).length === 1
  return isOne ? Effect.succeed(Option.firstSomeOf(named)) : new InvalidInput({ detail: help })
}

/** What the work goes by. */
export const workFlags = {
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
  )
}
