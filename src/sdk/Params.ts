/** Reading params and writing results: the one place where a plugin's methods meet the schemas of the wire. */
import { Effect, Schema } from "effect"
import type { Json } from "../../schemas/Json.ts"
import { PluginFailure } from "./PluginFailure.ts"

/** Fails as `invalid_request` with what the schema says of `params`; absent params are `{}`. */
export const params = <A, I>(schema: Schema.Codec<A, I>): (params: unknown) => Effect.Effect<A, PluginFailure> => {
  const decode = Schema.decodeUnknownEffect(schema)
  return (given) =>
    Effect.mapError(
      decode(given ?? {}),
      (error) => new PluginFailure({ category: "invalid_request", message: `invalid params: ${error.message}` })
    )
}

/** A value that does not fit its own schema is a fault of this program, hence a defect. */
export const answer = <A, I extends Json>(schema: Schema.Codec<A, I>): (value: A) => Effect.Effect<I> => {
  const encode = Schema.encodeEffect(schema)
  return (value) => Effect.orDie(encode(value))
}
