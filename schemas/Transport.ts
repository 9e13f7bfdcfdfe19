/** How the daemon starts and ends what brings it to browsers and other clients (plugin protocol, transports). */
import { Schema } from "effect"
import { Empty, Json, maybe, open, orElse } from "./Json.ts"

/** A transport talks back through the control socket alone (plugin protocol, transports). */
export const TransportStart = open({
  control_socket_path: Schema.String,
  project_root: Schema.String,
  bind_addr: maybe(Schema.String),
  config: maybe(Json)
})
export type TransportStart = typeof TransportStart.Type

export const TransportStarted = open({ bound_addr: Schema.String, started_at: Schema.String })
export type TransportStarted = typeof TransportStarted.Type

export const TransportShutdown = open({ shutdown: Schema.Literal(true) })
export type TransportShutdown = typeof TransportShutdown.Type

export const TransportSchema = open({
  kinds: orElse(Schema.Array(Schema.String), []),
  supports_streaming: orElse(Schema.Boolean, false),
  supports_websocket: orElse(Schema.Boolean, false),
  default_port: maybe(Schema.Natural)
})
export type TransportSchema = typeof TransportSchema.Type

/** The methods of the kind, each with what it takes and answers. */
export const TransportMethods = {
  "transport/start": { params: TransportStart, result: TransportStarted },
  "transport/shutdown": { params: Empty, result: TransportShutdown },
  "transport/schema": { params: Empty, result: TransportSchema }
} as const
