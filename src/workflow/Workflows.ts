/**
 * The project's workflows, compiled from its YAML. Read afresh at each call: a run pins what it started with, so there is
 * nothing here to keep in step. Every problem in every file is reported at once, with file, line and column.
 */
import { Context, Effect, FileSystem, Layer, Path, Result } from "effect"
import { WorkflowInvalid, WorkflowNotFound, type WorkflowProblem } from "../../schemas/errors/RunErrors.ts"
import type { TriggerDefinition } from "../../schemas/Trigger.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { type CompiledProject, compileProject, type SourceFile } from "./Compile.ts"
import { referencedNames } from "./Interpolate.ts"
import { sameId } from "./Merge.ts"
import { lookUpNames } from "./ResolveEnv.ts"

/** A workflow file is written by hand: nobody writes this much. */
const largestFile = 1024 * 1024

/** Every file that cannot be read, or the texts of all that are there. */
const readFiles = Effect.fnUntraced(function*(files: ReadonlyArray<string>, shown: (file: string) => string) {
  const fs = yield* FileSystem.FileSystem
  const read = Effect.fnUntraced(function*(file: string) {
    if (!(yield* fs.exists(file))) return undefined
    const { size } = yield* fs.stat(file)
    return Number(size) > largestFile
      ? Result.fail(`larger than ${largestFile} bytes`)
      : Result.succeed(yield* fs.readFileString(file))
  }, Effect.catchTag("PlatformError", (error) => Effect.succeed(Result.fail(error.message))))
  const sources: Array<SourceFile> = []
  const problems: Array<WorkflowProblem> = []
  for (const path of files) {
    const file = shown(path)
    const text = yield* read(path)
    if (text === undefined) continue
    if (Result.isSuccess(text)) sources.push({ file, text: text.success })
    else problems.push({ file, line: 1, column: 1, message: `this file cannot be read: ${text.failure}` })
  }
  const [first, ...rest] = problems
  return first === undefined ? sources : yield* new WorkflowInvalid({ problems: [first, ...rest] })
})

/** `.animus/workflows.yaml`, then `.animus/workflows/*.{yaml,yml}` by name; what is not there is not read. */
const readSources = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { projectDir, projectRoot } = yield* ProjectScope
  const shown = (file: string) => path.relative(projectRoot, file)
  const folder = path.join(projectDir, "workflows")
  const listed = yield* fs.exists(folder).pipe(
    Effect.flatMap((there) => there ? fs.readDirectory(folder) : Effect.succeed([])),
    Effect.mapError(({ message }) =>
      new WorkflowInvalid({
        problems: [{ file: shown(folder), line: 1, column: 1, message: `this folder cannot be read: ${message}` }]
      })
    )
  )
  const overlays = listed.filter((name) => /\.ya?ml$/.test(name)).toSorted().map((name) => path.join(folder, name))
  return yield* readFiles([path.join(projectDir, "workflows.yaml"), ...overlays], shown)
})

const findIn = (project: CompiledProject, id: string | undefined) => {
  const wanted = id ?? project.defaultWorkflow
  const found = wanted === undefined ? undefined : project.workflows.find((workflow) => sameId(workflow.id, wanted))
  return found === undefined
    ? Effect.fail(new WorkflowNotFound({ workflow: wanted ?? "default", known: project.workflows.map(({ id }) => id) }))
    : Effect.succeed(found)
}

export class Workflows extends Context.Service<Workflows, {
  readonly compile: Effect.Effect<CompiledProject, WorkflowInvalid>
  /** By id, case-insensitive; the default workflow when undefined. */
  readonly find: (id: string | undefined) => Effect.Effect<WorkflowDefinition, WorkflowInvalid | WorkflowNotFound>
}>()("animus/workflow/Workflows") {
  static readonly layer = Layer.effect(
    Workflows,
    Effect.gen(function*() {
      const context = yield* Effect.context<FileSystem.FileSystem | Path.Path | ProjectScope>()
      const compile = Effect.gen(function*() {
        const sources = yield* readSources
        const environment = yield* lookUpNames(new Set(sources.flatMap(({ text }) => referencedNames(text))))
        const compiled = compileProject(sources, (name) => environment.get(name))
        if (Result.isSuccess(compiled)) return compiled.success
        return yield* new WorkflowInvalid({ problems: compiled.failure })
      }).pipe(Effect.provideContext(context), Effect.withSpan("Workflows.compile"))
      const find = Effect.fn("Workflows.find")(function*(id: string | undefined) {
        return yield* findIn(yield* compile, id)
      })
      return Workflows.of({ compile, find })
    })
  )

  /** A double: these definitions, the first of them the default. */
  static readonly layerOf = (
    definitions: ReadonlyArray<WorkflowDefinition>,
    triggers: ReadonlyArray<TriggerDefinition> = []
  ) => {
    const project: CompiledProject = {
      defaultWorkflow: definitions[0]?.id,
      workflows: definitions,
      triggers,
      executes: false,
      warnings: []
    }
    return Layer.succeed(
      Workflows,
      Workflows.of({ compile: Effect.succeed(project), find: (id) => findIn(project, id) })
    )
  }
}
