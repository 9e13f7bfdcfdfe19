/** What the `config` of each type of trigger holds. That of a plugin's trigger is its plugin's business. */
import { Schema } from "effect"
import { orElse } from "./Json.ts"

const Positive = Schema.Int.check(Schema.isGreaterThan(0))

export const FileWatcherConfig = Schema.Struct({
  /** Patterns below the project root. */
  paths: Schema.NonEmptyArray(Schema.String),
  ignore: orElse(Schema.Array(Schema.String), []),
  debounce_secs: orElse(Schema.Natural, 5)
})
export type FileWatcherConfig = typeof FileWatcherConfig.Type

/** Signature and limit are kept by the plugin that receives the request. */
export const WebhookConfig = Schema.Struct({
  /** Names the environment variable with the HMAC-SHA256 secret. */
  secret_env: Schema.optionalKey(Schema.String),
  max_triggers_per_minute: orElse(Positive, 10)
})
export type WebhookConfig = typeof WebhookConfig.Type
