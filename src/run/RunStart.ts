/** What a run pins before it exists: its definition with a hash, its subject, its variables, and that it may execute at all. */
import { DateTime, Effect } from "effect"
import { Digest } from "effect/crypto"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import type { ForkedFrom, RunEvent } from "../../schemas/RunEvent.ts"
import type { SubjectDispatch, TargetOverride } from "../../schemas/Subject.ts"
import type { Phase, WorkflowDefinition } from "../../schemas/Workflow.ts"
import { Trust } from "../project/Trust.ts"
import { toolOfModel } from "../workflow/Agents.ts"
import { executes } from "../workflow/Executes.ts"
import { own } from "../workflow/Own.ts"
import { present } from "../workflow/Present.ts"
import { Workflows } from "../workflow/Workflows.ts"
import { WorkflowHost } from "./HostedRun.ts"
import { noSuchPhase } from "./Refusal.ts"
import { phaseOf } from "./Route.ts"
import type { RunState } from "./RunState.ts"
import { readSubject } from "./SubjectSync.ts"

/** Trust is asked once, here: what is pinned now is all that this run will ever execute, whatever the files say later. */
export const runStarted = Effect.fnUntraced(function*(dispatch: SubjectDispatch) {
  const workflows = yield* Workflows
  const digest = yield* Digest.Digest
  const authored = yield* workflows.find(dispatch.workflow_ref === "" ? undefined : dispatch.workflow_ref)
  const definition = overridden(authored, dispatch.override)
  yield* declared(definition, dispatch.vars)
  const hash = yield* digest.digestHex(Digest.sha256, new TextEncoder().encode(JSON.stringify(definition)))
  return yield* pin({ definition, hash, dispatch, forkedFrom: undefined })
})

/** An operator's word is the strongest; a model that is named brings its tool along. */
const overridden = (definition: WorkflowDefinition, override: TargetOverride | undefined): WorkflowDefinition => {
  if (override === undefined) return definition
  const { model } = override
  const tool = override.tool ?? (model === undefined ? undefined : toolOfModel(model))
  const told = (phase: Phase): Phase =>
    phase.mode === "agent" ? { ...phase, ...present({ model }), tool: tool ?? phase.tool } : phase
  const [first, ...rest] = definition.phases
  return { ...definition, phases: [told(first), ...rest.map(told)] }
}

export interface ForkChanges {
  readonly from?: string
  readonly input?: Json
  readonly vars: Readonly<Record<string, string>>
}

/** The same definition, to the letter, with other input; what it is about is read anew, and trust is asked as of any run. */
export const forkStarted = Effect.fnUntraced(function*(source: RunState, { from, input, vars }: ForkChanges) {
  const { definition, definitionHash: hash, dispatch: first } = source
  // Those that the source has were taken then.
  yield* declared(definition, vars)
  const phase = from === undefined ? undefined : phaseOf(definition, from)?.id
  if (from !== undefined && phase === undefined) return yield* noSuchPhase(source, from)
  const dispatch: SubjectDispatch = {
    ...first,
    vars: { ...source.vars, ...vars },
    requested_at: DateTime.formatIso(yield* DateTime.now),
    ...(input === undefined ? {} : { input })
  }
  return yield* pin({ definition, hash, dispatch, forkedFrom: forkedFrom(source, phase) })
})

/** Of each phase before the one where the fork begins: what it concluded last, if it did. */
const forkedFrom = ({ definition, head, phases }: RunState, phase: string | undefined): ForkedFrom => {
  const before = phases.slice(0, Math.max(0, definition.phases.findIndex(({ id }) => id === phase)))
  const inherited = before.flatMap(({ attempt, decision, id, output }) =>
    decision === undefined || output === undefined ? [] : [{ phase: id, attempt, decision, output }]
  )
  return { run: head.run, inherited, ...(phase === undefined ? {} : { phase }) }
}

interface Pinned {
  readonly definition: WorkflowDefinition
  readonly hash: string
  readonly dispatch: SubjectDispatch
  readonly forkedFrom: ForkedFrom | undefined
}

const pin = Effect.fnUntraced(function*({ definition, dispatch, forkedFrom, hash }: Pinned) {
  const runner = yield* WorkflowHost
  if (runner !== undefined && forkedFrom?.phase !== undefined) {
    return yield* new InvalidInput({
      detail: `plugin ${runner} executes workflows as a whole, so no run can begin within one: fork it without --from`
    })
  }
  const trust = yield* Trust
  const executed = definition.phases.find(executes)
  if (executed !== undefined) {
    yield* trust.require(`workflow "${definition.id}" executes a command of this project in phase "${executed.id}"`)
  }
  const vars = yield* variables(definition, dispatch)
  const subject = yield* readSubject(dispatch)
  const event: RunEvent = {
    _tag: "RunStarted",
    definition,
    definition_hash: hash,
    dispatch,
    vars,
    ...(subject === undefined ? {} : { subject }),
    ...(runner === undefined ? {} : { runner }),
    ...(forkedFrom === undefined ? {} : { forked_from: forkedFrom })
  }
  return event
})

/** A name that the workflow does not know is a slip: what was meant would keep its default. */
export const declared = ({ id, variables }: WorkflowDefinition, vars: SubjectDispatch["vars"]) => {
  const names = variables.map(({ name }) => name)
  const unknown = Object.keys(vars).filter((name) => !names.includes(name))
  if (unknown.length === 0) return Effect.void
  const known = names.length === 0 ? "it declares none" : `declared: ${names.join(", ")}`
  return Effect.fail(
    new InvalidInput({ detail: `workflow "${id}" has no variable ${unknown.toSorted().join(", ")} (${known})` })
  )
}

const variables = Effect.fnUntraced(function*(definition: WorkflowDefinition, dispatch: SubjectDispatch) {
  const vars: Record<string, string> = { ...dispatch.vars }
  const missing: Array<string> = []
  for (const { default: fallback, name, required } of definition.variables) {
    if (own(vars, name) !== undefined) continue
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
