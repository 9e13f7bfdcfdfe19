/** What an operator asked to be worked on, as the envelope that queue and scheduler take. */
import { DateTime, Effect } from "effect"
import type { Json, JsonObject } from "../../schemas/Json.ts"
import type { Subject, SubjectDispatch, SubjectRef, TargetOverride } from "../../schemas/Subject.ts"
import { declared } from "../run/RunStart.ts"
import { onceMore } from "../subject/OnceMore.ts"
import { SubjectRouter } from "../subject/SubjectRouter.ts"
import { Workflows } from "../workflow/Workflows.ts"
import { invalid } from "./ControlFailure.ts"

const builtIn: ReadonlyMap<string, string> = new Map([["task", "animus.task"], ["requirement", "animus.requirement"]])

const refOf = (subject: Subject): SubjectRef => ({
  kind: builtIn.get(subject.kind) ?? subject.kind,
  id: subject.id,
  title: subject.title,
  ...(subject.description === undefined ? {} : { description: subject.description }),
  labels: subject.labels,
  metadata: {}
})

/** Work without a subject is known by its title. */
const bareRef = (definition: string, { description, title }: JsonObject): SubjectRef => {
  const name = typeof title === "string" ? title : definition
  return {
    kind: "custom",
    id: name,
    title: name,
    ...(typeof description === "string" ? { description } : {}),
    labels: [],
    metadata: {}
  }
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const readVars = Effect.fnUntraced(function*(vars: Json | undefined) {
  if (vars === undefined || vars === null) return {}
  if (!isObject(vars)) return yield* invalid("params.vars has to be an object of names and values")
  const entries = Object.entries(vars)
  const wrong = entries.find(([, value]) => typeof value === "object")
  if (wrong !== undefined) return yield* invalid(`params.vars.${wrong[0]} has to be text, a number or a boolean`)
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
})

export interface WorkRequest {
  readonly subject: string | undefined
  readonly definition: string | undefined
  readonly params: JsonObject
  readonly override?: TargetOverride | undefined
}

export const makeDispatcher = Effect.gen(function*() {
  const router = yield* SubjectRouter
  const workflows = yield* Workflows
  return Effect.fn("Dispatches.make")(function*({ definition, override, params, subject }: WorkRequest) {
    const workflow = yield* workflows.find(definition === "" ? undefined : definition)
    const { vars: given, ...input } = params
    const vars = yield* readVars(given)
    yield* declared(workflow, vars)
    const ref = subject === undefined
      ? bareRef(workflow.id, input)
      : refOf(yield* onceMore(router.get(subject.includes(":") ? subject : `task:${subject}`)))
    const dispatch: SubjectDispatch = {
      subject: ref,
      workflow_ref: workflow.id,
      vars,
      trigger_source: "manual",
      requested_at: DateTime.formatIso(yield* DateTime.now),
      ...(override === undefined ? {} : { override }),
      ...(Object.keys(input).length === 0 ? {} : { input })
    }
    return dispatch
  })
})
