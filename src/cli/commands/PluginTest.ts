import { Effect, Option, Runtime, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { succeed } from "../Output.ts"
import { pluginCommand } from "../PluginFile.ts"
import { PluginTrials } from "../PluginTrials.ts"
import { conformanceText } from "../render/ConformanceText.ts"

/** The report was printed; this is the exit code. */
export class NotConformant extends Schema.TaggedError<NotConformant>()("NotConformant", {
  path: Schema.String,
  cases: Schema.Array(Schema.String)
}) {
  override readonly [Runtime.errorExitCode] = 1
  override get message() {
    const [first = ""] = this.cases
    return `${this.path} fails ${this.cases.length} of its cases: ${this.cases.join(", ")}. ` +
      `Try one again with: animus plugin test ${this.path} --only ${first}`
  }
}

export const pluginTest = Command.make("test", {
  path: Argument.String("path").pipe(Argument.withDescription("The plugin: a program, a script, or a folder with one")),
  timeout: Flag.Int("timeout-ms").pipe(
    Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 600_000 }))),
    Flag.optional,
    Flag.withDescription(
      "How long an answer may take that the protocol does not bound; default: 10000. More of it stretches the protocol's own bounds, for a busy machine"
    )
  ),
  only: Flag.String("only").pipe(
    Flag.atLeast(0),
    Flag.withDescription("A case, such as lifecycle.eof, or a group, such as lifecycle; may be repeated")
  )
}, ({ only, path, timeout }) =>
  Effect.gen(function*() {
    const trials = yield* PluginTrials
    const report = yield* trials.examine({
      label: path,
      command: yield* pluginCommand(path),
      timeout: Option.getOrUndefined(timeout),
      only: only.length === 0 ? undefined : only
    })
    if (report.cases.length === 0) {
      const named = only.join(", ")
      return yield* new InvalidInput({
        detail: `there is no case ${named} for this plugin. See all: animus plugin test ${path}`
      })
    }
    yield* succeed(report, conformanceText(report))
    const failed = report.cases.filter(({ status }) => status === "fail").map(({ id }) => id)
    if (failed.length > 0) return yield* new NotConformant({ path, cases: failed })
  })).pipe(Command.withDescription("Ask a plugin everything the protocol says, and report"))
