/**
 * What a command leaves on the terminal: lines for people, or with `--json` one compact envelope. Success goes to stdout,
 * failure to stderr, and stdout stays empty when a command fails.
 */
import { Console, Effect } from "effect"
import { Json } from "./GlobalFlags.ts"

const SCHEMA = "animus.cli.v1"

/** `data` is the contract with programs; `lines` says the same to a person. */
export const succeed = Effect.fnUntraced(function*(data: unknown, lines: ReadonlyArray<string>) {
  const json = yield* Json
  const text = json ? JSON.stringify({ schema: SCHEMA, ok: true, data }) : lines.join("\n")
  if (text !== "") yield* Console.log(text)
})

/** One element of something that goes on: raw JSON a line, or a line for a person. */
export const element = Effect.fnUntraced(function*(data: unknown, line: string | undefined) {
  const json = yield* Json
  const text = json ? JSON.stringify(data) : line
  if (text !== undefined) yield* Console.log(text)
})

export interface Failure {
  readonly code: string
  readonly message: string
  readonly exitCode: number
  readonly details?: unknown
}

export const renderFailure = (failure: Failure, json: boolean): string =>
  json
    ? JSON.stringify({
      schema: SCHEMA,
      ok: false,
      error: {
        code: failure.code,
        message: failure.message,
        exit_code: failure.exitCode,
        ...(failure.details === undefined ? {} : { details: failure.details })
      }
    })
    : `animus: ${failure.message}`
