/** What a definition bounds and steers by, and nobody enforces where a plugin executes the run as a whole. Pure. */
import type { Phase, WorkflowDefinition } from "../../schemas/Workflow.ts"

/** Fields of a compiled phase, or of a workflow, by the names that they are written with. */
const names: ReadonlyMap<string, string> = new Map([
  ["budget", "budget"],
  ["timeout_secs", "timeout_secs"],
  ["skip_if", "skip_if"],
  ["on_verdict", "on_verdict"],
  ["max_rework_attempts", "max_rework_attempts"],
  ["backoff", "retry.backoff"],
  ["decision_contract", "decision_contract"],
  ["output", "output_contract"],
  ["evals", "evals"],
  ["tool_policy", "tool_policy"],
  ["worktree", "worktree"]
])

const says = (value: unknown): boolean =>
  value !== undefined && (typeof value !== "object" || value === null || Object.keys(value).length > 0)

const of = (part: Phase | WorkflowDefinition): ReadonlyArray<string> => {
  const fields: Readonly<Record<string, unknown>> = part
  const named = [...names].flatMap(([field, name]) => says(fields[field]) ? [name] : [])
  return "mode" in part && part.mode === "manual" ? [...named, "mode: manual"] : named
}

/** Each with where it stands: `budget (the workflow, implement)`. */
export const unenforced = (definition: WorkflowDefinition): ReadonlyArray<string> => {
  const places = new Map<string, ReadonlyArray<string>>()
  const add = (part: Phase | WorkflowDefinition, place: string) => {
    for (const name of of(part)) places.set(name, [...places.get(name) ?? [], place])
  }
  add(definition, "the workflow")
  for (const phase of definition.phases) add(phase, phase.id)
  return Array.from(places, ([name, at]) => `${name} (${at.join(", ")})`)
}
