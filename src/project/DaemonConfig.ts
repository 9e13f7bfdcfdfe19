/** The daemon's settings: `<project>/.animus/config.json` over `<configDir>/config.json` over the defaults here. */
import { Context, Effect, Schema } from "effect"

const withDefault = <S extends Schema.Top>(schema: S, value: () => S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.sync(value)))

export const DaemonSettings = Schema.Struct({
  session_store: withDefault(Schema.Literals(["file", "memory"]), () => "file" as const),
  /** How many runs execute at the same time. */
  pool_size: withDefault(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })), () => 2),
  log_level: withDefault(Schema.Literals(["debug", "info", "warn", "error"]), () => "info" as const)
})
export type DaemonSettings = typeof DaemonSettings.Type

export class DaemonConfig extends Context.Service<DaemonConfig, DaemonSettings>()("animus/project/DaemonConfig") {}
