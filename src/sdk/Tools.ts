/** A part that offers tools to agents: the daemon shows them under their names and sends their calls here. */
import { Effect, type Scope, Struct } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { type McpTool, McpToolCallParams } from "../../schemas/PluginLifecycle.ts"
import { params } from "./Params.ts"
import type { Host, Part } from "./Part.ts"
import { PluginFailure } from "./PluginFailure.ts"

/** `input_schema` is a JSON schema; what comes was not checked against it. */
export interface Tool extends McpTool {
  readonly call: (given: Json, host: Host) => Effect.Effect<Json, PluginFailure, Scope.Scope>
}

const readCall = params(McpToolCallParams)

export const tools = (offered: ReadonlyArray<Tool>): Part => {
  const byName = new Map(offered.map((tool) => [tool.name, tool]))
  return {
    capabilities: ["mcp/tool_call"],
    tools: offered.map(Struct.omit(["call"])),
    open: (host) =>
      Effect.succeed({
        requests: {
          "mcp/tool_call": (given) =>
            Effect.flatMap(readCall(given), (asked) => {
              const tool = byName.get(asked.name)
              return tool === undefined
                ? Effect.fail(new PluginFailure({ category: "not_found", message: `no tool ${asked.name}` }))
                : Effect.scoped(tool.call(asked.arguments, host))
            })
        }
      })
  }
}
