/** What the host and a provider say to each other about one agent run (plugin protocol, providers). */
import { Option, Schema } from "effect"
import { Json, JsonObject, JsonOrNull, maybe, open, orElse } from "./Json.ts"

/** Params of `agent/run` and `agent/resume`; unknown keys are the provider's business and kept (plugin protocol, providers). */
export const AgentRunRequest = open({
  session_id: maybe(Schema.String),
  control_session_id: maybe(Schema.String),
  prompt: Schema.String,
  model: maybe(Schema.String),
  system_prompt: maybe(Schema.String),
  cwd: Schema.String,
  project_root: maybe(Schema.String),
  permission_mode: maybe(Schema.String),
  timeout_secs: maybe(Schema.Natural),
  env: orElse(Schema.Record(Schema.String, Schema.String), {}),
  mcp_servers: maybe(Json),
  tools: maybe(Json),
  response_schema: maybe(Json),
  runtime_contract: maybe(Json),
  claude_profile: maybe(Json),
  reasoning_effort: maybe(Json),
  approvals: maybe(Json)
})
export type AgentRunRequest = typeof AgentRunRequest.Type

/** Tokens of one run (plugin protocol, providers). */
export const TokensUsed = open({
  input: Schema.Natural,
  output: Schema.Natural,
  cached: maybe(Schema.Natural),
  cache_writes: maybe(Schema.Natural)
})
export type TokensUsed = typeof TokensUsed.Type

/** Result of `agent/run` and `agent/resume`; its `session_id` is the provider's own (plugin protocol, providers). */
export const AgentRunResponse = open({
  session_id: Schema.String,
  exit_code: Schema.Int,
  output: Schema.String,
  metadata: maybe(Schema.Array(Json)),
  tool_calls: maybe(Schema.Array(Json)),
  tool_results: maybe(Schema.Array(Json)),
  thinking: maybe(Schema.Array(Schema.String)),
  errors: maybe(Schema.Array(Schema.String)),
  duration_ms: Schema.Finite,
  backend: Schema.String,
  tokens_used: maybe(TokensUsed),
  decision_verdict: maybe(Json)
})
export type AgentRunResponse = typeof AgentRunResponse.Type

/** Params of `agent/cancel`: the id the host minted, or the provider's own (plugin protocol, providers). */
export const AgentCancelParams = Schema.Struct({ session_id: Schema.String })
export type AgentCancelParams = typeof AgentCancelParams.Type

/** Result of `agent/cancel` (plugin protocol, providers). */
export const AgentCancelResult = open({ session_id: Schema.String, cancelled: Schema.Literal(true) })
export type AgentCancelResult = typeof AgentCancelResult.Type

/** What an agent asks of a person; `payload` has `action`, `tool_name`, `arguments`, `question`, `options` as it needs. */
export interface AgentQuestion {
  readonly kind: "approval" | "question"
  readonly payload: JsonObject
  /** RFC 3339; after it nobody waits for the reply. */
  readonly expires_at?: string
}

/** Params of `agent/respond`: what a person said to an agent that asked (plugin protocol, providers). */
export const AgentRespondParams = open({
  interaction_id: Schema.String,
  session_id: Schema.String,
  response: open({
    decision: maybe(Schema.Literals(["allow", "deny"])),
    answer: maybe(Json),
    message: maybe(Schema.String)
  })
})
export type AgentRespondParams = typeof AgentRespondParams.Type

/** Result of `agent/respond`: whether anybody was waiting for it (plugin protocol, providers). */
export const AgentRespondResult = open({ accepted: Schema.Boolean })
export type AgentRespondResult = typeof AgentRespondResult.Type

/** Params of every agent notification, by method (plugin protocol, provider notifications). */
export const AgentNotificationParams = {
  "agent/output": open({ session_id: Schema.String, text: Schema.String, final: orElse(Schema.Boolean, false) }),
  "agent/thinking": open({ session_id: Schema.String, text: Schema.String }),
  "agent/toolCall": open({
    session_id: Schema.String,
    name: Schema.String,
    arguments: JsonOrNull,
    server: maybe(Schema.String)
  }),
  "agent/toolResult": open({
    session_id: Schema.String,
    name: Schema.String,
    output: JsonOrNull,
    success: orElse(Schema.Boolean, true)
  }),
  "agent/error": open({
    session_id: Schema.String,
    message: Schema.String,
    recoverable: orElse(Schema.Boolean, true)
  }),
  "agent/interactionRequested": open({
    session_id: Schema.String,
    interaction_id: Schema.String,
    kind: Schema.String,
    payload: orElse(JsonObject, {}),
    expires_at: maybe(Schema.String)
  })
} as const

type Params<Method extends keyof typeof AgentNotificationParams> = (typeof AgentNotificationParams)[Method]["Type"]

/** A notification as the rest of the program sees it; `Metadata` is any other method, or one whose params do not fit. */
export type AgentNotification =
  | { readonly _tag: "Output" } & Params<"agent/output">
  | { readonly _tag: "Thinking" } & Params<"agent/thinking">
  | { readonly _tag: "ToolCall" } & Params<"agent/toolCall">
  | { readonly _tag: "ToolResult" } & Params<"agent/toolResult">
  | { readonly _tag: "Error" } & Params<"agent/error">
  | { readonly _tag: "InteractionRequested" } & Params<"agent/interactionRequested">
  | { readonly _tag: "Metadata"; readonly session_id?: string; readonly method: string; readonly params: unknown }

const reader = <const Tag extends string, A extends object>(_tag: Tag, schema: Schema.Decoder<A>) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (params: unknown): Option.Option<A & { readonly _tag: Tag }> =>
    Option.map(decode(params), (fields) => ({ ...fields, _tag }))
}

const readers: ReadonlyMap<string, (params: unknown) => Option.Option<AgentNotification>> = new Map<
  string,
  (params: unknown) => Option.Option<AgentNotification>
>([
  ["agent/output", reader("Output", AgentNotificationParams["agent/output"])],
  ["agent/thinking", reader("Thinking", AgentNotificationParams["agent/thinking"])],
  ["agent/toolCall", reader("ToolCall", AgentNotificationParams["agent/toolCall"])],
  ["agent/toolResult", reader("ToolResult", AgentNotificationParams["agent/toolResult"])],
  ["agent/error", reader("Error", AgentNotificationParams["agent/error"])],
  ["agent/interactionRequested", reader("InteractionRequested", AgentNotificationParams["agent/interactionRequested"])]
])

const sessionOf = (params: unknown): { readonly session_id?: string } =>
  typeof params === "object" && params !== null && "session_id" in params && typeof params.session_id === "string"
    ? { session_id: params.session_id }
    : {}

const methodOf: {
  readonly [Tag in Exclude<AgentNotification["_tag"], "Metadata">]: keyof typeof AgentNotificationParams
} = {
  Output: "agent/output",
  Thinking: "agent/thinking",
  ToolCall: "agent/toolCall",
  ToolResult: "agent/toolResult",
  Error: "agent/error",
  InteractionRequested: "agent/interactionRequested"
}

/** The other way: as its provider sent it. */
export const encodeAgentNotification = (
  event: AgentNotification
): { readonly method: string; readonly params: unknown } => {
  if (event._tag === "Metadata") return { method: event.method, params: event.params }
  const { _tag, ...params } = event
  return { method: methodOf[_tag], params }
}

/** Never fails: what cannot be read as its method says is handed on as metadata, whole. */
export const decodeAgentNotification = (method: string, params: unknown): AgentNotification => {
  const read = readers.get(method)
  const known = read === undefined ? Option.none() : read(params)
  return Option.isSome(known) ? known.value : { _tag: "Metadata", ...sessionOf(params), method, params }
}
