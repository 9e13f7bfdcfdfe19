/** Flags and arguments that several commands share, so that they read the same everywhere. */
import { Option, Schema } from "effect"
import { Argument, Flag } from "effect/cli"
import { Priority, priorityWords, SubjectStatus } from "../../schemas/Subject.ts"

export const runId = Argument.String("run").pipe(Argument.withDescription("The run's id, as workflow list shows it"))

export const subjectId = Argument.String("id").pipe(Argument.withDescription("Subject id, such as task:TASK-001"))

export const pluginName = Argument.String("name").pipe(Argument.withDescription("Plugin name, as plugin list shows it"))

export const phase = Argument.String("phase").pipe(
  Argument.optional,
  Argument.withDescription("The phase whose gate is open; found by itself when left out")
)

export const note = Flag.String("note").pipe(Flag.optional, Flag.withDescription("Why; kept in the journal"))

export const attempt = Flag.Int("attempt").pipe(
  Flag.optional,
  Flag.withDescription("The attempt that you looked at; refused when the gate asks about another one by now")
)

export const vars = Flag.KeyValuePair("var").pipe(
  Flag.optional,
  Flag.withDescription("A workflow variable, NAME=VALUE; may be repeated")
)

export const confirm = Flag.String("confirm").pipe(Flag.optional, Flag.withDescription("The run's id once more"))

export const kind = Flag.String("kind").pipe(
  Flag.withDefault("task"),
  Flag.withDescription("Kind of subject: task, requirement, or whatever a plugin serves")
)

const priorities = priorityWords.flatMap((word, rank) => [
  [String(rank), Priority.make(rank)] as const,
  [word, Priority.make(rank)] as const
])

export const priority = Flag.ChoiceWithValue("priority", priorities).pipe(
  Flag.withDescription("0 none, 1 low, 2 medium, 3 high, 4 critical; the word will do")
)

/** Words of a status are kebab-case; with `_` instead they are understood, too. */
export const statusChoices = SubjectStatus.literals.flatMap((status) => {
  const snake = status.replaceAll("-", "_")
  return snake === status ? [[status, status] as const] : [[status, status] as const, [snake, status] as const]
})

export const status = Flag.ChoiceWithValue("status", statusChoices)

/** Beside an id that does not name its kind itself. */
export const kindOfId = Flag.String("kind").pipe(
  Flag.optional,
  Flag.withDescription("Kind of the subject, where its id does not begin with one")
)

export const subjectOf = (id: string, kind: Option.Option<string>): string =>
  Option.isSome(kind) && !id.includes(":") ? `${kind.value}:${id}` : id

export const limit = Flag.Int("limit").pipe(
  Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 500 }))),
  Flag.optional,
  Flag.withDescription("How many at most")
)
