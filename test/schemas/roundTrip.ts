import { Schema } from "effect"

/** Through the codec and through text, as on the wire. */
export const roundTrip = <A>(schema: Schema.Codec<A, unknown>, wire: unknown): unknown => {
  const text = JSON.stringify(Schema.encodeSync(schema)(Schema.decodeUnknownSync(schema)(wire)))
  return JSON.parse(text)
}
