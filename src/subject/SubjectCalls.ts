/** The calls of the subject protocol, each to the plugin that serves its kind. Shapes that disagree are read as one. */
import { Effect, Option, Result, Schema } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import {
  type DuplicateKindClaim,
  NoBackendForKind,
  type PluginError,
  PluginRefused,
  SubjectNotFound
} from "../../schemas/errors/PluginErrors.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import { type CreateSubject, decodeSubjectAnswer, type SubjectFilter, SubjectList } from "../../schemas/Subject.ts"
import type { PluginHost } from "../plugin/PluginHost.ts"
import { resolve, type Routes } from "./Routes.ts"
import { makeSpellings } from "./Spellings.ts"
import { kindOfId, normalizeSubject, type Prefixing } from "./SubjectIds.ts"

/** Milliseconds; backends may ask a tracker far away. */
const deadline = 120_000

const decodeList = Schema.decodeUnknownEffect(SubjectList)

export interface Route extends Prefixing {
  readonly plugin: string
}

const unreadable = ({ plugin }: Route, method: string, what: string) => (error: { readonly message: string }) =>
  new PluginRefused({
    plugin,
    method,
    code: ErrorCode.InternalError,
    detail: `its answer is not ${what}: ${error.message}`
  })

const absent = ({ kind, plugin }: Route, id: string) => new SubjectNotFound({ id, kind, plugin })

/** A method that is not there is not found either, but that is not what was asked for. */
const isAbsence = (error: PluginError): boolean =>
  error._tag === "PluginRefused" && error.category === "not_found" && error.code !== ErrorCode.MethodNotFound

export interface RoutesNow {
  readonly routes: Routes
  /** Why plugins may be missing that should be there. */
  readonly trouble: string | undefined
}

const makeRouting = (now: Effect.Effect<RoutesNow>) => {
  const routeOf = Effect.fnUntraced(function*(kind: string) {
    const { routes, trouble } = yield* now
    const plugin = yield* Effect.fromResult(resolve(routes, kind))
    if (plugin !== undefined) {
      const routed = (other: string) => Result.getOrUndefined(resolve(routes, other)) === plugin
      return { kind, plugin, routed } satisfies Route
    }
    return yield* new NoBackendForKind({
      kind,
      known: routes.served.map(({ kind }) => kind),
      ...(trouble === undefined ? {} : { because: trouble })
    })
  })
  const routeOfId = (id: string): Effect.Effect<Route, NoBackendForKind | DuplicateKindClaim | InvalidInput> => {
    const kind = kindOfId(id)
    const detail = `"${id}" is not a subject id: write <kind>:<id>, as in task:TASK-1`
    return kind === undefined ? Effect.fail(new InvalidInput({ detail })) : routeOf(kind)
  }
  return { routeOf, routeOfId }
}

export const makeCalls = (host: PluginHost["Service"], now: Effect.Effect<RoutesNow>) => {
  const { routeOf, routeOfId } = makeRouting(now)
  const spellings = makeSpellings(host)
  const { call, spell } = spellings

  /** The subject that `verb` answers, if it answers one. */
  const ask = Effect.fnUntraced(function*(route: Route, verb: string, params: object) {
    const answer = yield* call(route, verb, params, { timeout: deadline })
    const wrong = unreadable(route, spell(route, verb), "a subject")
    const subject = yield* Effect.mapError(decodeSubjectAnswer(answer), wrong)
    return Option.map(subject, (found) => normalizeSubject(found, route))
  })
  /** The same about a subject that should be there. */
  const askOf = (route: Route, verb: string, params: object, id: string) =>
    Effect.mapError(ask(route, verb, params), (error) => isAbsence(error) ? absent(route, id) : error)
  const need = Effect.fnUntraced(function*(route: Route, verb: string, params: object, id: string) {
    const subject = yield* askOf(route, verb, params, id)
    return Option.isSome(subject) ? subject.value : yield* absent(route, id)
  })
  const remove = (route: Route, id: string) =>
    Effect.mapError(
      call(route, "delete", { id }, { timeout: deadline }),
      (error) => isAbsence(error) ? absent(route, id) : error
    )
  const made = Effect.fnUntraced(function*(route: Route, subject: CreateSubject) {
    const created = yield* ask(route, "create", subject)
    const nothing = { message: "it answers nothing" }
    return Option.isSome(created)
      ? created.value
      : yield* unreadable(route, spell(route, "create"), "a subject")(nothing)
  })
  const listKind = Effect.fnUntraced(function*(kind: string, filter: SubjectFilter) {
    const route = yield* routeOf(kind)
    const answer = yield* call(route, "list", filter, { timeout: deadline })
    const page = yield* Effect.mapError(
      decodeList(answer),
      unreadable(route, spell(route, "list"), "a list of subjects")
    )
    return { ...page, subjects: page.subjects.map((subject) => normalizeSubject(subject, route)) }
  })

  return { routeOf, routeOfId, ask, askOf, made, need, listKind, remove, spellings }
}
