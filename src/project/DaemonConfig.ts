/** The daemon's settings: `<project>/.animus/config.json` over `<configDir>/config.json` over the defaults here. */
import { Context, Schema } from "effect"
import { JsonObject, orElse } from "../../schemas/Json.ts"

/** `127.0.0.1:8080`, `[::1]:8080` or `localhost:0`; 0 lets the system choose, so that several projects do not meet. */
const BindAddress = Schema.String.check(
  Schema.makeFilter((text: string) => {
    const port = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text)?.[1]
    return port !== undefined && Number(port) <= 65_535 ||
      "an address as HOST:PORT, such as 127.0.0.1:8080; port 0 lets the system choose"
  })
)

/** What `transport/start` tells a transport; a key that is left out is not sent. */
export const TransportSettings = Schema.Struct({
  /** Where it is to listen. */
  bind_addr: Schema.optionalKey(BindAddress),
  /** Its own affair: handed over as it stands. */
  config: Schema.optionalKey(JsonObject)
})
export type TransportSettings = typeof TransportSettings.Type

export const Transports = Schema.Record(Schema.String, TransportSettings)

/** Those that outlive their daemon. */
export const DurableStoreKind = Schema.Literals(["file", "sqlite", "postgres"])
export type DurableStoreKind = typeof DurableStoreKind.Type

const SessionStoreKind = Schema.Literals([...DurableStoreKind.literals, "memory"])
export type SessionStoreKind = typeof SessionStoreKind.Type

export const DaemonSettings = Schema.Struct({
  session_store: orElse(SessionStoreKind, "file"),
  /** The name of the environment variable that holds the URL of a database; never the URL, which has a password in it. */
  session_store_url_env: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_]*$/))),
  /** How many runs execute at the same time. */
  pool_size: orElse(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100 })), 2),
  log_level: orElse(Schema.Literals(["debug", "info", "warn", "error"]), "info"),
  /**
   * Who performs phases: the daemon (`in_process`), a process of its own (`subprocess`), or, by its name, a plugin of kind
   * workflow_runner that executes whole workflows.
   */
  runner: orElse(Schema.NonEmptyString, "in_process"),
  /**
   * By the name of the plugin. Of the user's file alone: a repository has no say in where this user's machine is listened
   * to.
   */
  transports: orElse(Transports, {})
})
export type DaemonSettings = typeof DaemonSettings.Type

export class DaemonConfig extends Context.Service<DaemonConfig, DaemonSettings>()("animus/project/DaemonConfig") {}
