/** What can go wrong with the tools that plugins offer to agents. */
import { Runtime, Schema } from "effect"
import { exitCodeOf } from "../Category.ts"

/** Two plugins offer a tool of one name: a call could mean either. */
export class DuplicateTool extends Schema.TaggedError<DuplicateTool>()("DuplicateTool", {
  tool: Schema.String,
  /** Who keeps the name, and who asked for it next. */
  plugins: Schema.Array(Schema.String)
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    const [first = "", ...others] = this.plugins
    return `tool "${this.tool}" of plugin ${
      others.join(", ")
    } is not offered: plugin ${first} has one of that name. Uninstall one of them: animus plugin uninstall NAME`
  }
}

export class ToolNotFound extends Schema.TaggedError<ToolNotFound>()("ToolNotFound", {
  tool: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    const known = this.known.length === 0 ? "no plugin offers any" : `known: ${this.known.join(", ")}`
    return `no plugin offers a tool named "${this.tool}" (${known}). See: animus plugin list`
  }
}
