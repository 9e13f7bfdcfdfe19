/**
 * JSON Schemas of contracts: read into something that judges values, or refused with the reason. Draft 2020-12, and
 * draft-07 where `$schema` says so; what cannot be enforced (`if`, `contains`, references outside) is refused, never ignored.
 */
import { JsonSchema, Result, Schema, SchemaIssue, SchemaRepresentation } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"

/** What is wrong with a value, in one line; nothing when it is as it should be. */
export type Judge = (value: unknown) => string | undefined

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const pathOf = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): string =>
  path.map((step) => String(typeof step === "object" ? step.key : step)).join(".")

const said = (issue: SchemaIssue.Issue): string =>
  format(issue).issues.map(({ message, path = [] }) => path.length === 0 ? message : `${pathOf(path)}: ${message}`)
    .join("; ")

const documentOf = (schema: JsonObject) =>
  String(schema["$schema"] ?? "").includes("draft-07")
    ? JsonSchema.fromSchemaDraft07(schema)
    : JsonSchema.fromSchemaDraft2020_12(schema)

const types = new Set(["string", "number", "integer", "boolean", "array", "object", "null"])

/** The first `type` that no JSON value has: the importer would take it for any. */
const wrongType = (schema: unknown): string | undefined => {
  if (typeof schema !== "object" || schema === null) return undefined
  for (const [key, value] of Object.entries(schema)) {
    if (key === "enum" || key === "const" || key === "default" || key === "examples") continue
    const named = key === "type" && !isSchemaMap(value) ? [value].flat() : []
    const odd = named.find((name) => typeof name !== "string" || !types.has(name))
    const found = odd === undefined ? wrongType(value) : JSON.stringify(odd)
    if (found !== undefined) return found
  }
  return undefined
}

/** A property that happens to be called `type` has a schema below it. */
const isSchemaMap = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

export const judgeOf = (schema: JsonObject): Result.Result<Judge, string> => {
  const odd = wrongType(schema)
  if (odd !== undefined) return Result.fail(`${odd} is not a type of JSON`)
  const imported = Result.try({
    try: () => SchemaRepresentation.fromJsonSchemaDocument(documentOf(schema), { patterns: "apply" }),
    catch: (error) => error instanceof Error ? error.message : String(error)
  })
  return Result.map(imported, (schema) => {
    // What was imported from JSON asks for no services.
    const decode = Schema.decodeUnknownResult(schema as Schema.Decoder<unknown>, {
      errors: "all",
      onExcessProperty: "error"
    })
    return (value) => {
      const decoded = decode(value)
      return Result.isSuccess(decoded) ? undefined : said(decoded.failure.issue)
    }
  })
}
