/** What a run pins before it exists: its definition with a hash, its subject, its variables, and that it may execute at all. */
import { Effect } from "effect"
import { Digest } from "effect/crypto"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { Trust } from "../project/Trust.ts"
import { Workflows } from "../workflow/Workflows.ts"
import { readSubject } from "./SubjectSync.ts"

/** Trust is asked once, here: what is pinned now is all that this run will ever execute, whatever the files say later. */
export const runStarted = Effect.fnUntraced(function*(dispatch: SubjectDispatch) {
  const workflows = yield* Workflows
  const trust = yield* Trust
  const digest = yield* Digest.Digest
  const definition = yield* workflows.find(dispatch.workflow_ref === "" ? undefined : dispatch.workflow_ref)
  const executed = definition.phases.find(executes)
  if (executed !== undefined) {
    yield* trust.require(`workflow "${definition.id}" executes a command of this project in phase "${executed.id}"`)
  }
  const vars = yield* variables(definition, dispatch)
  const subject = yield* readSubject(dispatch)
  const event: RunEvent = {
    _tag: "RunStarted",
    definition,
    definition_hash: yield* digest.digestHex(Digest.sha256, new TextEncoder().encode(JSON.stringify(definition))),
    dispatch,
    vars,
    ...(subject === undefined ? {} : { subject })
  }
  return event
})

const executes = (phase: WorkflowDefinition["phases"][number]) =>
  phase.mode === "command" || (phase.mode === "agent" && phase.launch !== undefined)

const variables = Effect.fnUntraced(function*(definition: WorkflowDefinition, dispatch: SubjectDispatch) {
  const vars: Record<string, string> = { ...dispatch.vars }
  const missing: Array<string> = []
  for (const { default: fallback, name, required } of definition.variables) {
    if (vars[name] !== undefined) continue
    if (fallback !== undefined) vars[name] = fallback
    else if (required) missing.push(name)
  }
  if (missing.length === 0) return vars
  return yield* new InvalidInput({
    detail: `workflow "${definition.id}" needs values for: ${
      missing.toSorted().join(", ")
    }. Give each with --var NAME=VALUE`
  })
})
