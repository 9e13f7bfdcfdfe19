/** What an agent says, without what its secrets stand for: the first thing that is done with it. Pure. */
import { isJsonObject, type Json, type JsonObject } from "../../../schemas/Json.ts"
import type { AgentNotification, AgentRunResponse } from "../../../schemas/Provider.ts"
import type { AgentPhase, SecretSource } from "../../../schemas/Workflow.ts"

export type Hide = (text: string) => string

/** Everything that what the phase starts is given the value of. */
export const secretsOf = ({ launch, mcp_servers = {} }: AgentPhase): Readonly<Record<string, SecretSource>> =>
  Object.fromEntries([launch, ...Object.values(mcp_servers)].flatMap((given) => Object.entries(given?.secrets ?? {})))

const inJson = (value: Json, hide: Hide): Json => {
  if (typeof value === "string") return hide(value)
  if (isJsonObject(value)) return inObject(value, hide)
  return Array.isArray(value) ? value.map((part) => inJson(part, hide)) : value
}

const inObject = (object: JsonObject, hide: Hide): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, inJson(value, hide)]))

/** Of a frame that nobody knows only an object can hold anything. */
const inUnknown = (params: unknown, hide: Hide): unknown => isJsonObject(params) ? inObject(params, hide) : params

export const hiddenEvent = (hide: Hide) => (event: AgentNotification): AgentNotification => {
  switch (event._tag) {
    case "Output":
    case "Thinking":
      return { ...event, text: hide(event.text) }
    case "Error":
      return { ...event, message: hide(event.message) }
    case "ToolCall":
      return { ...event, arguments: inJson(event.arguments, hide) }
    case "ToolResult":
      return { ...event, output: inJson(event.output, hide) }
    case "InteractionRequested":
      return { ...event, payload: inObject(event.payload, hide) }
    case "Metadata":
      return { ...event, params: inUnknown(event.params, hide) }
  }
}

/** As far as anything of it is read. */
export const hiddenResponse = (response: AgentRunResponse, hide: Hide): AgentRunResponse => ({
  ...response,
  output: hide(response.output),
  ...(response.errors === undefined ? {} : { errors: response.errors.map(hide) }),
  ...(response.metadata === undefined ? {} : { metadata: response.metadata.map((one) => inJson(one, hide)) })
})
