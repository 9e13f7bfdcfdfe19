/** Single values as people write them in YAML, and as it guesses at them. */
import { Schema, SchemaGetter } from "effect"

/** `on`, `1.10` and `true` are text where text is meant: YAML's guess at a type does not make a mistake of it. */
export const Text = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]).annotate({ expected: "text" }).pipe(
  Schema.decodeTo(Schema.String, { decode: SchemaGetter.transform(String), encode: SchemaGetter.passthrough() })
)

/** A number may have come out of a variable, as text. */
const numeric = (pattern: RegExp, expected: string, check: (n: number) => boolean) =>
  Schema.Union([
    Schema.Finite.check(Schema.makeFilter(check, { expected })),
    Schema.String.check(Schema.isPattern(pattern, { expected }))
  ]).annotate({ expected }).pipe(
    Schema.decodeTo(Schema.Finite, { decode: SchemaGetter.transform(Number), encode: SchemaGetter.passthrough() })
  )
export const Whole = numeric(/^-?\d{1,15}$/, "a whole number", Number.isSafeInteger)
export const Positive = numeric(/^0*[1-9]\d{0,14}$/, "a whole number above 0", (n) => Number.isSafeInteger(n) && n > 0)
export const Natural = numeric(/^\d{1,15}$/, "a whole number", (n) => Number.isSafeInteger(n) && n >= 0)
/** Money, seconds, factors. */
export const Amount = numeric(/^\d{1,15}(\.\d{1,15})?$/, "a number above 0", (n) => Number.isFinite(n) && n > 0)
export const Seconds = numeric(/^\d{1,15}(\.\d{1,15})?$/, "a number of seconds", (n) => Number.isFinite(n) && n >= 0)
export const Share = numeric(/^(0(\.\d+)?|1(\.0+)?)$/, "a number from 0 to 1", (n) => n >= 0 && n <= 1)

export const Flag = Schema.Union([Schema.Boolean, Schema.Literals(["true", "false"])]).annotate({
  expected: "true or false"
})
  .pipe(
    Schema.decodeTo(Schema.Boolean, {
      decode: SchemaGetter.transform((value: boolean | "true" | "false") => value === true || value === "true"),
      encode: SchemaGetter.passthrough()
    })
  )

export const opt: typeof Schema.optionalKey = Schema.optionalKey
export const Texts = Schema.Array(Text).annotate({ expected: "a list of texts" })
export const Env = Schema.Record(Schema.String, Text).annotate({ expected: "a map of texts" })
