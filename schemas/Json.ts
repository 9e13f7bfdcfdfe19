/** The words every wire schema is spelled with: any JSON, keys that may be missing or null, defaults, lists left out when empty. */
import { Effect, Option, Schema, SchemaGetter, SchemaTransformation } from "effect"

/** Any JSON value; what peers send without telling us its shape. */
export const Json = Schema.Json
export type Json = typeof Json.Type

/** A JSON object. */
export const JsonObject = Schema.Record(Schema.String, Json)
export type JsonObject = typeof JsonObject.Type

/** For values that are JSON already, such as a parsed text. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * A struct that holds foreign data: keys this version does not know are kept and written back as they came. They do not
 * show in the type, so that what we write ourselves is still checked.
 */
export const open = <const Fields extends Schema.Struct.Fields>(fields: Fields): Schema.Struct<Fields> => {
  const known = Schema.Struct(fields)
  const rest = Schema.StructWithRest(known, [Schema.Record(Schema.String, Schema.Unknown)])
  return Schema.make<Schema.Struct<Fields>>(rest.ast, { fields })
}

/** `f?: T` on the wire: read as missing when absent or null, never written as null. */
export const maybe = <S extends Schema.Top>(schema: S) =>
  Schema.optionalKey(Schema.NullOr(schema)).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.toType(schema)), {
      decode: SchemaGetter.transformOptional(
        Option.filter((value: S["Type"] | null): value is S["Type"] => value !== null)
      ),
      encode: SchemaGetter.transformOptional(
        Option.filter((value: S["Type"]): value is S["Type"] => value !== null)
      )
    })
  )

/** `f: T = d` on the wire: read as `value` when absent or null, always written; constructors may leave it out. */
export const orElse = <S extends Schema.Top & Schema.WithoutConstructorDefault>(
  schema: S,
  value: S["Encoded"] & S["~type.make.in"]
) =>
  Schema.optionalKey(Schema.NullOr(Schema.toEncoded(schema))).pipe(
    Schema.decodeTo(schema, {
      decode: SchemaGetter.transformOptional((read: Option.Option<S["Encoded"] | null>) =>
        Option.some<S["Encoded"]>(Option.getOrNull(read) ?? value)
      ),
      encode: SchemaGetter.transformOptional((written: Option.Option<S["Encoded"]>) => written)
    }),
    Schema.withConstructorDefault(Effect.succeed(value))
  )

/** `f: json = null` on the wire. */
export const JsonOrNull = orElse(Schema.Union([Json]), null)

/** `f[]` on the wire: an empty list is left out when written, and read back from absent or null; constructors may leave it out. */
export const listOf = <S extends Schema.Top>(item: S) =>
  Schema.optionalKey(Schema.NullOr(Schema.Array(item))).pipe(
    Schema.decodeTo(Schema.Array(Schema.toType(item)), {
      decode: SchemaGetter.transformOptional((read: Option.Option<ReadonlyArray<S["Type"]> | null>) =>
        Option.some(Option.getOrNull(read) ?? [])
      ),
      encode: SchemaGetter.transformOptional(Option.filter((list: ReadonlyArray<S["Type"]>) => list.length > 0))
    }),
    Schema.withConstructorDefault(Effect.succeed([]))
  )

/** `f[]` of a filter on the wire: an empty list asks for nothing in particular, so it is read as missing, and left out when written. */
export const anyOf = <S extends Schema.Top>(item: S) =>
  Schema.optionalKey(Schema.NullOr(Schema.Array(item))).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.Array(Schema.toType(item))), {
      decode: SchemaGetter.transformOptional(
        Option.filter((list: ReadonlyArray<S["Type"]> | null): list is ReadonlyArray<S["Type"]> =>
          list !== null && list.length > 0
        )
      ),
      encode: SchemaGetter.transformOptional(Option.filter((list: ReadonlyArray<S["Type"]>) => list.length > 0))
    })
  )

/** A list that must be there; many languages write one that is empty as null. */
export const rows = <S extends Schema.Top>(item: S) =>
  Schema.NullOr(Schema.Array(item)).pipe(
    Schema.decodeTo(
      Schema.Array(Schema.toType(item)),
      SchemaTransformation.transform({
        decode: (read: ReadonlyArray<S["Type"]> | null): ReadonlyArray<S["Type"]> => read ?? [],
        encode: (list: ReadonlyArray<S["Type"]>): ReadonlyArray<S["Type"]> | null => list
      })
    )
  )

/** `f{}` on the wire: an empty map is left out when written, and read back from absent or null; constructors may leave it out. */
export const JsonMap = Schema.optionalKey(Schema.NullOr(JsonObject)).pipe(
  Schema.decodeTo(JsonObject, {
    decode: SchemaGetter.transformOptional((read: Option.Option<JsonObject | null>) =>
      Option.some(Option.getOrNull(read) ?? {})
    ),
    encode: SchemaGetter.transformOptional(Option.filter((map: JsonObject) => Object.keys(map).length > 0))
  }),
  Schema.withConstructorDefault(Effect.succeed({}))
)

/** The answer of a call that has nothing to say: `{}`. */
export const Empty = Schema.Struct({})
export type Empty = typeof Empty.Type
