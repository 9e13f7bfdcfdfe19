/** What an agent said, as a line of its transcript. Pure. */
import type { AgentNotification } from "../../../schemas/Provider.ts"
import type { Said } from "./Telling.ts"

export const saidIn = (event: AgentNotification): Said => {
  switch (event._tag) {
    case "Output":
      return { kind: "output", text: event.text }
    case "Thinking":
      return { kind: "thinking", text: event.text }
    case "ToolCall":
      return { kind: "tool_call", text: `${event.name} ${JSON.stringify(event.arguments)}` }
    case "ToolResult":
      return {
        kind: event.success ? "tool_result" : "tool_error",
        text: typeof event.output === "string" ? event.output : JSON.stringify(event.output)
      }
    case "Error":
      return { kind: "error", text: event.message }
    case "InteractionRequested":
      return { kind: "interaction", text: JSON.stringify(event.payload) }
    case "Metadata":
      return { kind: "metadata", text: `${event.method} ${JSON.stringify(event.params)}` }
  }
}
