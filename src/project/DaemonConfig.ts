/** The daemon's settings: `<project>/.animus/config.json` over `<configDir>/config.json` over the defaults here. */
import { Context, Schema } from "effect"
import { orElse } from "../../schemas/Json.ts"

export const DaemonSettings = Schema.Struct({
  session_store: orElse(Schema.Literals(["file", "memory"]), "file"),
  /** How many runs execute at the same time. */
  pool_size: orElse(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })), 2),
  log_level: orElse(Schema.Literals(["debug", "info", "warn", "error"]), "info")
})
export type DaemonSettings = typeof DaemonSettings.Type

export class DaemonConfig extends Context.Service<DaemonConfig, DaemonSettings>()("animus/project/DaemonConfig") {}
