/** What an event from outside means here: the work it starts, or none. Pure. */
import type { Json, JsonObject } from "../../schemas/Json.ts"
import type { SubjectDispatch, SubjectRef } from "../../schemas/Subject.ts"
import type { TriggerConfig, TriggerDefinition, TriggerEvent } from "../../schemas/Trigger.ts"

/** Keys that only the daemon may set; a plugin's own of that name are kept apart. */
const RESERVED = "__animus_"

const isObject = (value: TriggerEvent["payload"]): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const facts = ({ action_hint, event_id, subject_id, subject_kind }: TriggerEvent, trigger: string): JsonObject => ({
  __animus_event_id: event_id,
  __animus_trigger_id: trigger,
  ...(subject_id === undefined ? {} : { __animus_subject_id: subject_id }),
  ...(subject_kind === undefined ? {} : { __animus_subject_kind: subject_kind }),
  ...(action_hint === undefined ? {} : { __animus_action_hint: action_hint })
})

/** Always an object: a single value under `value`, and what the daemon itself knows of the event beside it. */
export const normalizePayload = (event: TriggerEvent, trigger: string): JsonObject => {
  const { payload } = event
  const given = Object.entries(payload === null ? {} : isObject(payload) ? payload : { value: payload })
  const overrides = given.filter(([key]) => key.startsWith(RESERVED))
  return {
    ...Object.fromEntries(given.filter(([key]) => !key.startsWith(RESERVED))),
    ...(overrides.length === 0 ? {} : { __animus_user_overrides: Object.fromEntries(overrides) }),
    ...facts(event, trigger)
  }
}

/** What the author wrote comes first: beside an object the payload has a place of its own, anything else replaces it. */
const inputOf = ({ input }: TriggerDefinition, payload: JsonObject): Json => {
  if (input === undefined || input === null) return payload
  return isObject(input) ? { ...input, webhook_payload: payload } : input
}

const builtIn: ReadonlyMap<string, string> = new Map([["task", "animus.task"], ["requirement", "animus.requirement"]])

/** Which event of which plugin: what makes two dispatches of one trigger two pieces of work. */
const eventKey = (plugin: string, event: string): string => `${plugin}:${event}`

const subjectOf = (plugin: string, trigger: string, event: TriggerEvent): SubjectRef => {
  const metadata = { trigger, event: eventKey(plugin, event.event_id) }
  const { subject_id: id, subject_kind } = event
  if (id === undefined || id === "") {
    return { kind: "custom", id: `trigger:${trigger}`, title: `trigger ${trigger}`, labels: [], metadata }
  }
  const kind = subject_kind ?? (id.includes(":") ? id.slice(0, id.indexOf(":")) : "task")
  return {
    kind: builtIn.get(kind) ?? kind,
    id: id.includes(":") ? id : `${kind}:${id}`,
    labels: [],
    metadata
  }
}

export interface Route {
  readonly plugin: string
  readonly triggers: ReadonlyArray<TriggerDefinition>
  /** When the event came, as the wire writes times. */
  readonly at: string
}

/** Where events of plugins may lead: file watchers have no other source than the daemon itself. */
const listens = ({ enabled, type }: TriggerDefinition): boolean => enabled && type !== "file_watcher"

/** The work that an event of a trigger starts; `plugin` is where it comes from. */
export const dispatchFor = (
  trigger: TriggerDefinition,
  event: TriggerEvent,
  { at, plugin }: Omit<Route, "triggers">
): SubjectDispatch => ({
  subject: subjectOf(plugin, trigger.id, event),
  workflow_ref: trigger.workflow_ref,
  input: inputOf(trigger, normalizePayload(event, trigger.id)),
  vars: {},
  trigger_source: trigger.type.replace("_", "-"),
  requested_at: at
})

/** The trigger it names has to be there, enabled, and of a type that plugins feed. */
export const route = (event: TriggerEvent, from: Route) => {
  const trigger = from.triggers.find((one) => one.id === event.trigger_id && listens(one))
  return trigger && { trigger: trigger.id, dispatch: dispatchFor(trigger, event, from) }
}

/** What every trigger plugin is told to look for; each picks its own. */
export const watchedTriggers = (triggers: ReadonlyArray<TriggerDefinition>): ReadonlyArray<TriggerConfig> =>
  triggers.filter(({ enabled, type }) => enabled && type === "plugin").map(({ config, id, workflow_ref }) => ({
    id,
    workflow_ref,
    config
  }))
