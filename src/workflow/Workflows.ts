/**
 * The project's workflows, compiled from its YAML. Read afresh at each call: a run pins what it started with, so there is
 * nothing here to keep in step. Every problem in every file is reported at once, with file, line and column.
 */
import { Context, Effect, FileSystem, Layer, Path, Result } from "effect"
import { WorkflowInvalid, WorkflowNotFound, type WorkflowProblem } from "../../schemas/errors/RunErrors.ts"
import type { ScheduleDefinition } from "../../schemas/Schedule.ts"
import type { TriggerDefinition } from "../../schemas/Trigger.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { type CompiledProject, examineProject, type SourceFile } from "./Compile.ts"
import { inOrder } from "./Findings.ts"
import { referencedNames } from "./Interpolate.ts"
import { sameId } from "./Merge.ts"
import { readPrompts } from "./PromptFiles.ts"
import { lookUpNames } from "./ResolveEnv.ts"
import { secretVariables } from "./Secrets.ts"

/** A workflow file is written by hand: nobody writes this much. */
const largestFile = 1024 * 1024

interface Sources {
  readonly files: ReadonlyArray<SourceFile>
  /** Of files that are there and cannot be read. */
  readonly problems: ReadonlyArray<WorkflowProblem>
}

const unreadable = (file: string, what: string, detail: string): WorkflowProblem => ({
  file,
  line: 1,
  column: 1,
  message: `this ${what} cannot be read: ${detail}`
})

const readFiles = Effect.fnUntraced(function*(paths: ReadonlyArray<string>, shown: (file: string) => string) {
  const fs = yield* FileSystem.FileSystem
  const read = Effect.fnUntraced(function*(file: string) {
    if (!(yield* fs.exists(file))) return undefined
    const { size } = yield* fs.stat(file)
    return Number(size) > largestFile
      ? Result.fail(`larger than ${largestFile} bytes`)
      : Result.succeed(yield* fs.readFileString(file))
  }, Effect.catchTag("PlatformError", (error) => Effect.succeed(Result.fail(error.message))))
  const files: Array<SourceFile> = []
  const problems: Array<WorkflowProblem> = []
  for (const path of paths) {
    const file = shown(path)
    const text = yield* read(path)
    if (text === undefined) continue
    if (Result.isSuccess(text)) files.push({ file, text: text.success })
    else problems.push(unreadable(file, "file", text.failure))
  }
  return { files, problems }
})

/** `.animus/workflows.yaml`, then `.animus/workflows/*.{yaml,yml}` by name; what is not there is not read. */
const readSources = Effect.gen(function*(): Effect.fn.Return<
  Sources,
  never,
  FileSystem.FileSystem | Path.Path | ProjectScope
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { projectDir, projectRoot } = yield* ProjectScope
  const shown = (file: string) => path.relative(projectRoot, file)
  const folder = path.join(projectDir, "workflows")
  const listed = yield* fs.exists(folder).pipe(
    Effect.flatMap((there) => there ? fs.readDirectory(folder) : Effect.succeed([])),
    Effect.result
  )
  const names = Result.getOrElse(listed, (): ReadonlyArray<string> => [])
  const overlays = names.filter((name) => /\.ya?ml$/.test(name)).toSorted().map((name) => path.join(folder, name))
  const { files, problems } = yield* readFiles([path.join(projectDir, "workflows.yaml"), ...overlays], shown)
  return Result.isSuccess(listed)
    ? { files, problems }
    : { files, problems: [unreadable(shown(folder), "folder", listed.failure.message), ...problems] }
})

/** Whatever else a character does to a terminal, here it is one column. */
const oneColumnEach = (line: string): string => line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")

const quoting = (files: ReadonlyArray<SourceFile>) => (problem: WorkflowProblem): WorkflowProblem => {
  const source = files.find(({ file }) => file === problem.file)?.text.split("\n")[problem.line - 1]
  return source === undefined ? problem : { ...problem, source: oneColumnEach(source) }
}

/** Every problem and every doubt in every file, each with its line; and what the files come to when there is no problem. */
export interface Report {
  readonly files: ReadonlyArray<string>
  readonly problems: ReadonlyArray<WorkflowProblem>
  readonly project: CompiledProject
}

const examine = Effect.gen(function*() {
  const { files, problems: unread } = yield* readSources
  const environment = yield* lookUpNames(
    new Set([...files.flatMap(({ text }) => referencedNames(text)), ...secretVariables(files)])
  )
  const whole = unread.length === 0
  const prompts = yield* readPrompts((yield* ProjectScope).projectRoot, files)
  const { compiled, problems, warnings } = examineProject(files, (name) => environment.get(name), {
    whole,
    prompts
  })
  const quote = quoting(files)
  const report: Report = {
    files: files.map(({ file }) => file),
    problems: inOrder([...unread, ...problems.map(quote)]),
    project: { ...compiled, warnings: warnings.map(quote) }
  }
  return report
}).pipe(Effect.withSpan("Workflows.examine"))

const findIn = (project: CompiledProject, id: string | undefined) => {
  const wanted = id ?? project.defaultWorkflow
  const found = wanted === undefined ? undefined : project.workflows.find((workflow) => sameId(workflow.id, wanted))
  return found === undefined
    ? Effect.fail(new WorkflowNotFound({ workflow: wanted ?? "default", known: project.workflows.map(({ id }) => id) }))
    : Effect.succeed(found)
}

export class Workflows extends Context.Service<Workflows, {
  readonly compile: Effect.Effect<CompiledProject, WorkflowInvalid>
  readonly examine: Effect.Effect<Report>
  /** By id, case-insensitive; the default workflow when undefined. */
  readonly find: (id: string | undefined) => Effect.Effect<WorkflowDefinition, WorkflowInvalid | WorkflowNotFound>
}>()("animus/workflow/Workflows") {
  static readonly layer = Layer.effect(
    Workflows,
    Effect.gen(function*() {
      const context = yield* Effect.context<FileSystem.FileSystem | Path.Path | ProjectScope>()
      const examined = Effect.provideContext(examine, context)
      const compile = Effect.flatMap(examined, ({ problems: [first, ...rest], project }) =>
        first === undefined
          ? Effect.succeed(project)
          : Effect.fail(new WorkflowInvalid({ problems: [first, ...rest] })))
      const find = Effect.fn("Workflows.find")(function*(id: string | undefined) {
        return yield* findIn(yield* compile, id)
      })
      return Workflows.of({ compile, examine: examined, find })
    })
  )

  /** A double: these definitions, the first of them the default. */
  static readonly layerOf = (
    definitions: ReadonlyArray<WorkflowDefinition>,
    triggers: ReadonlyArray<TriggerDefinition> = [],
    schedules: ReadonlyArray<ScheduleDefinition> = []
  ) => {
    const project: CompiledProject = {
      defaultWorkflow: definitions[0]?.id,
      workflows: definitions,
      triggers,
      schedules,
      activeHours: undefined,
      executes: false,
      warnings: []
    }
    return Layer.succeed(
      Workflows,
      Workflows.of({
        compile: Effect.succeed(project),
        examine: Effect.succeed({ files: [], problems: [], project }),
        find: (id) => findIn(project, id)
      })
    )
  }
}
