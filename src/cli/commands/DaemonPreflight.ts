import { Effect, Runtime, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { exitCodeOf } from "../../../schemas/Category.ts"
import { succeed } from "../Output.ts"
import { preflight } from "../Preflight.ts"

export class RolesMissing extends Schema.TaggedError<RolesMissing>()("RolesMissing", {
  missing: Schema.Array(Schema.String),
  data: Schema.Record(Schema.String, Schema.Unknown)
}) {
  readonly category = "invalid_request" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.invalid_request
  override get message() {
    return `no plugin is installed for: ${this.missing.join(", ")}. Install those that came with Animus: ` +
      "animus plugin install-defaults"
  }
}

export const daemonPreflight = Command.make("preflight", {
  autoInstall: Flag.Boolean("auto-install").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Install the plugins that came with Animus first")
  )
}, ({ autoInstall }) =>
  Effect.gen(function*() {
    const report = yield* preflight(autoInstall)
    if (!report.ok) return yield* new RolesMissing({ missing: report.missing, data: report })
    yield* succeed(report, [
      ...report.auto_installed.map((name) => `installed ${name}`),
      `there is a plugin for each part: ${report.satisfied.join(", ")}`
    ])
  })).pipe(Command.withDescription("Say whether there are plugins for all that work needs"))
