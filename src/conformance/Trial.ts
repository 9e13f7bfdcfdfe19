/**
 * One method of a kind, tried with the smallest params that are valid. What it works on is made first, by the plugin's own
 * other methods, so that nothing is touched that was there before.
 */
import { Effect, Exit, Schema } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import { isOptionalMethod, type MethodTable } from "../../schemas/MethodTable.ts"
import { type Begun, type Bench, capabilitiesOf, kindsOf } from "./Bench.ts"
import type { Case } from "./Case.ts"
import { HANDSHAKE } from "./cases/Lifecycle.ts"
import { Finding, NotApplicable } from "./Finding.ts"
import { reasonOf } from "./Notes.ts"
import { type Answer } from "./Session.ts"
import { shown } from "./Shown.ts"

type Trouble = Finding | NotApplicable

/** A name that this process was not asked about before: what has come so far numbers what it was. */
export const newName = ({ session: { received } }: Talk): string => `animus-conformance-${received.length}`

export interface Tried {
  readonly params: JsonObject
  readonly result: unknown
}

export interface Talk {
  readonly session: Begun
  readonly bench: Bench
  /** Another method of the same kind, done first with its own params, or these; that it fails is its own case's business. */
  readonly first: (method: string, params?: JsonObject) => Effect.Effect<Tried, Trouble>
}

export interface Trial {
  readonly method: string
  readonly optional: boolean
  /** What it leaves in a process stands in the way of no other: it may be asked of one that others had and will have. */
  readonly shares?: boolean | undefined
  readonly params: (talk: Talk) => Effect.Effect<JsonObject, Trouble>
  readonly decode: (result: unknown) => Exit.Exit<unknown, Schema.SchemaError>
  /** What else must hold of what came. */
  readonly also?: ((tried: Tried, talk: Talk) => Effect.Effect<void, Trouble>) | undefined
  /** A refusal that says something about this machine and not about the plugin. */
  readonly excuses?: ((answer: Answer) => boolean) | undefined
  /** A refusal that is one of several ways to read the protocol: why it is no fault. */
  readonly allows?: ((answer: Answer) => string | undefined) | undefined
}

export interface KindTrials {
  readonly kind: string
  readonly section: string
  readonly trials: ReadonlyArray<Trial>
}

export type Extra = Partial<Pick<Trial, "shares" | "params" | "also" | "excuses" | "allows">>

const nothing = () => Effect.succeed({})

/** Every method of a table; `extras` brings params and further questions, `common` what holds for each of them. */
export const trialsOf = (
  table: MethodTable,
  extras: Readonly<Record<string, Extra>>,
  common: Extra = {}
): ReadonlyArray<Trial> =>
  Object.entries(table).map(([method, { result }]): Trial => ({
    method,
    optional: isOptionalMethod(method),
    decode: Schema.decodeUnknownExit(result),
    params: nothing,
    ...common,
    ...extras[method]
  }))

export const text = (value: unknown, key: string): string => {
  const found: unknown = Object(value)[key]
  return typeof found === "string" ? found : ""
}

const categoryOf = ({ error }: Answer): string => text(error?.data, "category")

/** The world it needs is not there: no binary, no network, no credentials. */
export const isUnavailable = (answer: Answer): boolean =>
  ["unavailable", "session_start_failed", "permission_denied"].includes(categoryOf(answer))

const attempt = Effect.fnUntraced(function*(trial: Trial, talk: Talk, params: JsonObject) {
  const { session } = talk
  const answer = yield* session.ask(trial.method, params)
  const { error, frame, result } = answer
  if (error === undefined) {
    const read = trial.decode(result)
    if (Exit.isSuccess(read)) return { params, result } satisfies Tried
    return yield* session.finding(
      `the result of ${trial.method} does not fit: ${reasonOf(read)}; it was ${shown(result)}`
    )
  }
  const allowed = trial.allows?.(answer)
  if (allowed !== undefined) return yield* new NotApplicable({ reason: allowed })
  if (trial.excuses?.(answer) === true) {
    return yield* new NotApplicable({ reason: `it cannot be tried here: ${error.message}` })
  }
  if (error.code === ErrorCode.MethodNotSupported && trial.optional) {
    return yield* session.finding(
      shown(frame),
      `what is listed among the capabilities is served; whoever declines ${trial.method} with -32001 does not list it`
    )
  }
  return yield* session.finding(shown(frame))
})

const talkOver = (trials: ReadonlyArray<Trial>, session: Begun, bench: Bench): Talk => {
  const talk: Talk = {
    session,
    bench,
    first: Effect.fnUntraced(function*(method, given) {
      const trial = trials.find((one) => one.method === method)
      if (trial === undefined) return yield* new NotApplicable({ reason: `there is no ${method} to prepare it with` })
      const params = given ?? (yield* trial.params(talk))
      return yield* Effect.catchTag(
        attempt(trial, talk, params),
        "Finding",
        ({ got }) => Effect.fail(new NotApplicable({ reason: `it needs ${method}, which failed: ${got}` }))
      )
    })
  }
  return talk
}

/** Whether the plugin says it has the method, under whatever prefix its kind allows. */
export type Advertised = (bench: Bench, method: string) => boolean

const listed: Advertised = ({ profile }, method) => capabilitiesOf(profile).has(method)

/** The first of them has a process of its own: one that serves nothing until it is warm is found out. */
export const casesOf = ({ kind, section, trials }: KindTrials, advertised: Advertised = listed) =>
  trials.map((trial, place): Case => ({
    id: `methods.${trial.method}`,
    title: `${trial.method} is answered as its schema says`,
    section,
    says: trial.optional
      ? `${trial.method} is optional for ${kind}: -32001 declines it; whoever lists it answers it`
      : `every ${kind} answers ${trial.method}`,
    needs: [HANDSHAKE],
    run: (bench) =>
      Effect.gen(function*() {
        if (trial.optional && !advertised(bench, trial.method)) {
          return yield* new NotApplicable({ reason: "optional, and not among its capabilities" })
        }
        const session = yield* trial.shares === true && place > 0 ? bench.shared : bench.begun
        const talk = talkOver(trials, session, bench)
        const params = yield* trial.params(talk)
        const tried = yield* attempt(trial, talk, params)
        yield* trial.also?.(tried, talk) ?? Effect.void
      })
  }))

export const isOfKind = (bench: Bench, kind: string): boolean => kindsOf(bench.profile).includes(kind)
