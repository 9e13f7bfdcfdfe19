/**
 * What a command leaves on the terminal: lines for people, or with `--json` one compact envelope. Success goes to stdout,
 * failure to stderr, and stdout stays empty when a command fails. What goes on (events, a followed log, a watched run) is one
 * JSON value a line instead. No JSON here holds a raw control or bidirectional character.
 */
import { Console, Effect } from "effect"
import { Json } from "./GlobalFlags.ts"
import { escapeJson } from "./Sanitize.ts"

const SCHEMA = "animus.cli.v1"

const toJson = (value: unknown): string => escapeJson(JSON.stringify(value))

interface Origin {
  /** Read from files while no daemon ran. */
  readonly offline?: boolean
}

const OFFLINE = "offline: no daemon runs, so this is what its files say. Start it with: animus daemon start"

/** To a person, beside what was asked for: on stderr, and not at all with `--json`. */
export const aside = Effect.fnUntraced(function*(text: string) {
  if (!(yield* Json)) yield* Console.error(text)
})

/** `data` is the contract with programs; `lines` says the same to a person. */
export const succeed = Effect.fnUntraced(
  function*(data: unknown, lines: ReadonlyArray<string>, { offline = false }: Origin = {}) {
    const json = yield* Json
    if (offline) yield* aside(OFFLINE)
    const text = json ? toJson({ schema: SCHEMA, ok: true, ...(offline ? { offline } : {}), data }) : lines.join("\n")
    if (text !== "") yield* Console.log(text)
  }
)

/** One element of something that goes on: raw JSON a line, or a line for a person. */
export const element = Effect.fnUntraced(function*(data: unknown, line: string | undefined) {
  const json = yield* Json
  const text = json ? toJson(data) : line
  if (text !== undefined) yield* Console.log(text)
})

export interface Failure {
  readonly code: string
  readonly message: string
  readonly exitCode: number
  readonly details?: unknown
}

/** Only the first line speaks as `animus`: what it quotes, a plugin's words for one, may hold lines of its own. */
const inset = (message: string): string => message.replaceAll("\n", "\n  ")

export const renderFailure = (failure: Failure, json: boolean): string =>
  json
    ? toJson({
      schema: SCHEMA,
      ok: false,
      error: {
        code: failure.code,
        message: failure.message,
        exit_code: failure.exitCode,
        ...(failure.details === undefined ? {} : { details: failure.details })
      }
    })
    : `animus: ${inset(failure.message)}`
