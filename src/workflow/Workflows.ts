/**
 * The project's workflows, compiled from its YAML. Read afresh at each call: a run pins what it started with, so there is
 * nothing here to keep in step. Every problem in every file is reported at once, with file, line and column.
 */
import { Context, Effect, FileSystem, Layer, Path, type PlatformError, Result } from "effect"
import { WorkflowInvalid, WorkflowNotFound } from "../../schemas/errors/RunErrors.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { type CompiledProject, compileProject, type SourceFile } from "./Compile.ts"
import { referencedNames } from "./Interpolate.ts"
import { sameId } from "./Merge.ts"
import { lookUpNames } from "./ResolveEnv.ts"

/** A workflow file is written by hand: nobody writes this much. */
const largestFile = 1024 * 1024

const unreadable = (file: string) => (error: PlatformError.PlatformError) =>
  new WorkflowInvalid({
    problems: [{ file, line: 1, column: 1, message: `this file cannot be read: ${error.message}` }]
  })

/** `.animus/workflows.yaml`, then `.animus/workflows/*.{yaml,yml}` by name; what is not there is not read. */
const readSources = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const scope = yield* ProjectScope
  const folder = path.join(scope.projectDir, "workflows")
  const shown = (file: string) => path.relative(scope.projectRoot, file)
  const listed = yield* fs.exists(folder).pipe(
    Effect.flatMap((there) => there ? fs.readDirectory(folder) : Effect.succeed([])),
    Effect.mapError(unreadable(shown(folder)))
  )
  const files = [
    path.join(scope.projectDir, "workflows.yaml"),
    ...listed.filter((name) => /\.ya?ml$/.test(name)).toSorted().map((name) => path.join(folder, name))
  ]
  const sources = yield* Effect.forEach(files, (file) =>
    Effect.gen(function*() {
      if (!(yield* fs.exists(file))) return []
      const { size } = yield* fs.stat(file)
      if (Number(size) > largestFile) {
        const message = `this file is larger than ${largestFile} bytes`
        return yield* new WorkflowInvalid({ problems: [{ file: shown(file), line: 1, column: 1, message }] })
      }
      return [{ file: shown(file), text: yield* fs.readFileString(file) }]
    }).pipe(Effect.catchTag("PlatformError", (error) => Effect.fail(unreadable(shown(file))(error)))))
  return sources.flat()
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
  static readonly layerOf = (definitions: ReadonlyArray<WorkflowDefinition>) => {
    const project: CompiledProject = {
      defaultWorkflow: definitions[0]?.id,
      workflows: definitions,
      executes: false,
      warnings: []
    }
    return Layer.succeed(
      Workflows,
      Workflows.of({ compile: Effect.succeed(project), find: (id) => findIn(project, id) })
    )
  }
}
