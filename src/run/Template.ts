/** `{{name}}` in directives, arguments and environments. Filled in once: a value is never read as a template itself. */
import { isJsonObject } from "../../schemas/Json.ts"
import type { RunState } from "./RunState.ts"

/** Names that are not known stay as they are written. */
export const fillIn = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(
    /\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}/g,
    (written, name: string) => Object.hasOwn(values, name) ? values[name] ?? written : written
  )

/** Deeper parts of what somebody sent have no name of their own. */
const DEEPEST = 5

/** Every single value below `name`, by its dotted name. */
const leaves = (name: string, value: unknown, depth = 0): ReadonlyArray<readonly [string, string]> => {
  if (!isJsonObject(value)) return value === undefined || value === null ? [] : [[name, asText(value)]]
  if (depth === DEEPEST) return []
  return Object.entries(value).flatMap(([key, part]) => leaves(`${name}.${key}`, part, depth + 1))
}

/** What a trigger's event carried, wherever the author's own input left room for it. */
const payloadOf = ({ input, subject }: RunState["dispatch"]) => {
  if (subject.metadata["trigger"] === undefined || !isJsonObject(input)) return undefined
  return isJsonObject(input["webhook_payload"]) ? input["webhook_payload"] : input
}

const asText = (input: unknown): string => typeof input === "string" ? input : JSON.stringify(input)

export interface Place {
  readonly phase: string
  readonly projectRoot: string
  readonly cwd: string
}

/** The workflow's variables and, stronger, what the run itself is about. */
export const templateValues = (
  state: RunState,
  { cwd, phase, projectRoot }: Place
): Readonly<Record<string, string>> => {
  const { definition, dispatch, head, subject, vars } = state
  return {
    ...Object.fromEntries([
      ...leaves("subject.custom", subject?.custom ?? dispatch.subject.metadata),
      ...leaves("trigger.payload", payloadOf(dispatch)),
      ...leaves("input", dispatch.input),
      ...leaves("vars", vars)
    ]),
    ...vars,
    project_root: projectRoot,
    execution_cwd: cwd,
    workflow_id: head.run,
    workflow_ref: definition.id,
    phase_id: phase,
    subject_id: subject?.id ?? dispatch.subject.id,
    subject_title: subject?.title ?? dispatch.subject.title ?? "",
    subject_description: subject?.description ?? dispatch.subject.description ?? "",
    ...(dispatch.input === undefined ? {} : { dispatch_input: asText(dispatch.input) }),
    ...(dispatch.input !== undefined && dispatch.subject.id.startsWith("schedule:")
      ? { schedule_input: asText(dispatch.input) }
      : {})
  }
}
