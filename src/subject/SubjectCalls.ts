/** The calls of the subject protocol, each to the plugin that serves its kind. Shapes that disagree are read as one. */
import { Effect, Option, Schema } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { NoBackendForKind, PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import { decodeSubjectAnswer, type SubjectFilter, SubjectList } from "../../schemas/Subject.ts"
import type { PluginHost } from "../plugin/PluginHost.ts"
import { type Claim, resolve } from "./Routes.ts"
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

const absent = ({ plugin }: Route, method: string, id: string) =>
  new PluginRefused({
    plugin,
    method,
    code: ErrorCode.InvalidParams,
    detail: `there is no subject ${id}. See: animus subject list`,
    data: { category: "not_found" }
  })

export const makeCalls = (host: PluginHost["Service"], routes: ReadonlyArray<Claim>) => {
  const routeOf = (kind: string): Effect.Effect<Route, NoBackendForKind> => {
    const plugin = resolve(routes, kind)
    return plugin === undefined
      ? Effect.fail(new NoBackendForKind({ kind, known: routes.map(({ kind }) => kind) }))
      : Effect.succeed({ kind, plugin, routed: (other) => resolve(routes, other) === plugin })
  }
  const routeOfId = (id: string): Effect.Effect<Route, NoBackendForKind | InvalidInput> => {
    const kind = kindOfId(id)
    const detail = `"${id}" is not a subject id: write <kind>:<id>, as in task:TASK-1`
    return kind === undefined ? Effect.fail(new InvalidInput({ detail })) : routeOf(kind)
  }

  /** The subject that `verb` answers, if it answers one. */
  const ask = Effect.fnUntraced(function*(route: Route, verb: string, params: unknown) {
    const method = `${route.kind}/${verb}`
    const answer = yield* host.call(route.plugin, method, params, { timeout: deadline })
    const subject = yield* Effect.mapError(decodeSubjectAnswer(answer), unreadable(route, method, "a subject"))
    return Option.map(subject, (found) => normalizeSubject(found, route))
  })
  const need = Effect.fnUntraced(function*(route: Route, verb: string, params: unknown, id: string) {
    const subject = yield* ask(route, verb, params)
    return Option.isSome(subject) ? subject.value : yield* absent(route, `${route.kind}/${verb}`, id)
  })
  const listKind = Effect.fnUntraced(function*(kind: string, filter: SubjectFilter) {
    const route = yield* routeOf(kind)
    const method = `${kind}/list`
    const answer = yield* host.call(route.plugin, method, filter, { timeout: deadline })
    const page = yield* Effect.mapError(decodeList(answer), unreadable(route, method, "a list of subjects"))
    return { ...page, subjects: page.subjects.map((subject) => normalizeSubject(subject, route)) }
  })

  return { routeOf, routeOfId, ask, need, listKind }
}
