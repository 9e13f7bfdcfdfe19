import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { renderProblem, WorkflowInvalid } from "../../../schemas/errors/RunErrors.ts"
import { type Report, Workflows } from "../../workflow/Workflows.ts"
import { succeed } from "../Output.ts"
import { sanitize } from "../Sanitize.ts"

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`

const summary = ({ files, project: { warnings, workflows } }: Report): string => {
  if (files.length === 0) return "there are no workflow files; animus init writes a first one"
  const doubts = warnings.length === 0 ? "" : `, with ${counted(warnings.length, "warning")}`
  return `${counted(workflows.length, "workflow")} in ${counted(files.length, "file")}: valid${doubts}`
}

/** With `--strict` a doubt is as good as a problem. */
const refusalOf = ({ problems, project: { warnings } }: Report, strict: boolean) => {
  const [first, ...rest] = strict ? [...problems, ...warnings] : problems
  if (first === undefined) return undefined
  return new WorkflowInvalid({ problems: [first, ...rest], ...(strict ? {} : { warnings }) })
}

const strict = Flag.Boolean("strict").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Refuse warnings, too: keys that nothing reads, conditions that never match")
)

const telling = ({ strict }: { readonly strict: boolean }) =>
  Effect.gen(function*() {
    const workflows = yield* Workflows
    const report = yield* workflows.examine
    const refused = refusalOf(report, strict)
    if (refused !== undefined) return yield* refused
    const { files, project } = report
    yield* succeed(
      { valid: true, files, workflows: project.workflows.map(({ id }) => id), warnings: project.warnings },
      [...project.warnings.map((one) => sanitize(`warning: ${renderProblem(one)}`)), summary(report)]
    )
  }).pipe(Effect.provide(Workflows.layer))

export const validate = Command.make("validate", { strict }, telling).pipe(
  Command.withDescription("Tell everything that is wrong in the workflow files, each with its place")
)

/** Files are compiled whenever they are read, so there is nothing to write: the word says whether they can be. */
export const compile = Command.make("compile", { strict }, telling).pipe(
  Command.withDescription("The same as validate: files are compiled whenever a run starts")
)
