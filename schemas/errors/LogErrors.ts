import { Runtime, Schema } from "effect"
import { exitCodeOf } from "../Category.ts"

/** The log could not be read. Writing never fails a caller: what cannot be kept is counted and reported once it can. */
export class LogBackendFailed extends Schema.TaggedError<LogBackendFailed>()("LogBackendFailed", {
  path: Schema.String,
  detail: Schema.String
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `cannot read the log ${this.path}: ${this.detail}. Check that the file is readable by this user`
  }
}
