/**
 * The project's workflows, compiled from its YAML. Read afresh at each call: a run pins what it started with, so there is
 * nothing here to keep in step. Every problem in every file is reported at once, with file, line and column.
 */
import { Context, type Effect } from "effect"
import type { WorkflowInvalid, WorkflowNotFound } from "../../schemas/errors/RunErrors.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"

export interface CompiledProject {
  readonly defaultWorkflow: string | undefined
  readonly workflows: ReadonlyArray<WorkflowDefinition>
  /** True when a definition would execute something that the repository wrote: command phases, agents with a command line. */
  readonly executes: boolean
}

export class Workflows extends Context.Service<Workflows, {
  readonly compile: Effect.Effect<CompiledProject, WorkflowInvalid>
  /** By id, case-insensitive; the default workflow when undefined. */
  readonly find: (id: string | undefined) => Effect.Effect<WorkflowDefinition, WorkflowInvalid | WorkflowNotFound>
}>()("animus/workflow/Workflows") {}
