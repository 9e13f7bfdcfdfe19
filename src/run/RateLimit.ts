/**
 * A rate limit as providers report it: in the data of an error, in the metadata of a response or of a notification, or only
 * in the words of an error. Pure.
 */
import type { AgentNotification, AgentRunResponse } from "../../schemas/Provider.ts"

export interface RateLimit {
  readonly reason: string
  /** Epoch milliseconds; undefined when it was not said. */
  readonly until: number | undefined
}

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const NAMED = /^(?:rate_?limit(?:ed|_error|_event|_exceeded|_reached)?|too_many_requests|429)$/
const TOLD =
  /\brate[ _-]?limit(?:ed| exceeded| reached)\b|\btoo many requests\b|\b(?:status|rejected|HTTP)\W{0,3}429\b/i

const normalised = (value: unknown) =>
  String(value).replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase().replaceAll("-", "_")

const isNamed = (value: unknown) =>
  (typeof value === "string" || typeof value === "number") && NAMED.test(normalised(value))

const naming = ["category", "code", "error", "error_status", "kind", "reason", "status", "subtype", "type"]

const number = (value: unknown) => {
  const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value
  return typeof read === "number" && Number.isFinite(read) ? read : undefined
}

/** RFC 3339, or seconds or milliseconds since the epoch. */
const moment = (value: unknown): number | undefined => {
  const epoch = number(value)
  if (epoch !== undefined) return epoch < 1e11 ? epoch * 1000 : epoch
  const parsed = typeof value === "string" ? Date.parse(value) : Number.NaN
  return Number.isNaN(parsed) ? undefined : parsed
}

const resetOf = (fields: Fields, now: number): number | undefined => {
  const at = moment(fields["resets_at"] ?? fields["reset_at"] ?? fields["resetsAt"] ?? fields["retry_at"])
  if (at !== undefined) return at
  const millis = number(fields["retry_after_ms"] ?? fields["retry_delay_ms"])
  const seconds = number(fields["retry_after_secs"] ?? fields["retry_after"])
  const wait = millis ?? (seconds === undefined ? undefined : seconds * 1000)
  return wait === undefined ? undefined : now + wait
}

const wordsOf = ({ detail, message }: Fields): string => {
  const said = message ?? detail
  return typeof said === "string" && said.trim() !== "" ? said.trim() : "rate limit reached"
}

/** What a provider said about itself, as an object: it, or one it carries, has to name the limit. */
const read = (value: unknown, now: number, named = false): RateLimit | undefined => {
  if (!isObject(value)) return undefined
  if (named || naming.some((key) => isNamed(value[key]))) return { reason: wordsOf(value), until: resetOf(value, now) }
  for (const [key, inner] of Object.entries(value)) {
    const found = read(inner, now, isNamed(key))
    if (found !== undefined) return found
  }
  return undefined
}

/** Of a response that is a failure: the last thing that was said of a limit, before or with it. */
export const limitOfResponse = (
  { errors = [], metadata = [] }: AgentRunResponse,
  heard: ReadonlyArray<AgentNotification>,
  now: number
): RateLimit | undefined => {
  const told = heard.flatMap((event) =>
    event._tag === "Metadata" ? [{ [event.method.replace(/^.*\//, "")]: event.params }] : []
  )
  const found = [...told, ...metadata].map((one) => read(one, now)).findLast((limit) => limit !== undefined)
  if (found !== undefined) return found
  const words = errors.find((error) => TOLD.test(error))
  return words === undefined ? undefined : { reason: words.trim(), until: undefined }
}

/** Of a call that was refused: what the provider put into its error. */
export const limitOfError = (error: { readonly message: string }, now: number): RateLimit | undefined => {
  const limit = read("data" in error ? error.data : undefined, now)
  return limit === undefined ? undefined : { ...limit, reason: error.message }
}

const FIRST = 60_000
const LONGEST = 60 * 60_000
const FURTHEST = 7 * 24 * 60 * 60_000
/** A limit that nobody says the end of is not waited out for ever: about three hours. */
const MOST = 8

/**
 * When it is tried again: when the provider said, within a week, and no sooner than a second, then two, four, up to a minute, for
 * one that says it over and over; where it did not say, after a minute, then two, four, up to an hour. Undefined when that
 * has gone on for too long, and the limit is a failure after all.
 */
export const sleepUntil = (said: number | undefined, before: number, now: number): number | undefined => {
  if (said !== undefined) return Math.min(Math.max(said, now + Math.min(1000 * 2 ** before, FIRST)), now + FURTHEST)
  return before >= MOST ? undefined : now + Math.min(FIRST * 2 ** before, LONGEST)
}
