/**
 * Where work comes from: subjects of every kind, each served by the one plugin that claims the kind. Exact claim first,
 * then the longest glob; a kind that two plugins claim is served by neither, and says so to whoever asks for it.
 */
import { Context, Effect, Layer, Option, type Scope, type Stream } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type {
  DuplicateKindClaim,
  NoBackendForKind,
  PluginError,
  SubjectNotFound
} from "../../schemas/errors/PluginErrors.ts"
import type {
  CreateSubject,
  Subject,
  SubjectChangedEvent,
  SubjectFilter,
  SubjectList,
  SubjectPatch,
  SubjectStatus
} from "../../schemas/Subject.ts"
import { type Discovery, registryFault } from "../plugin/Discovery.ts"
import { claimsOf } from "../plugin/KindClaims.ts"
import { PluginCatalog } from "../plugin/PluginCatalog.ts"
import { PluginHost } from "../plugin/PluginHost.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import { isSet } from "../project/Switch.ts"
import { listKinds } from "./Pages.ts"
import { isKind, makeRoutes, resolve } from "./Routes.ts"
import { makeCalls, type Route, type RoutesNow } from "./SubjectCalls.ts"
import { watchKinds } from "./SubjectWatch.ts"

export type SubjectError = PluginError | NoBackendForKind | DuplicateKindClaim | SubjectNotFound | InvalidInput

export class SubjectRouter extends Context.Service<SubjectRouter, {
  /** `filter.kind` says which kinds; at least one. */
  readonly list: (filter: SubjectFilter) => Effect.Effect<SubjectList, SubjectError>
  /** The kind is the text before the first `:` of an id. */
  readonly get: (id: string) => Effect.Effect<Subject, SubjectError>
  readonly create: (subject: CreateSubject) => Effect.Effect<Subject, SubjectError>
  readonly update: (id: string, patch: SubjectPatch) => Effect.Effect<Subject, SubjectError>
  /** Backends that cannot set a status by itself are asked to update it. */
  readonly setStatus: (id: string, status: SubjectStatus) => Effect.Effect<Subject, SubjectError>
  /** Where a backend deletes nothing, the subject is cancelled. */
  readonly remove: (id: string) => Effect.Effect<void, SubjectError>
  readonly next: (kind: string) => Effect.Effect<Subject | undefined, SubjectError>
  /** No kinds are all that there are; then those that cannot be watched are left out. */
  readonly watch: (
    kinds: ReadonlyArray<string>,
    filter?: SubjectFilter
  ) => Effect.Effect<Stream.Stream<SubjectChangedEvent, SubjectError>, SubjectError, Scope.Scope>
  /** The plugin that serves the kind as routed now; undefined when none claims it. */
  readonly backendOf: (kind: string) => Effect.Effect<string | undefined, DuplicateKindClaim>
}>()("animus/subject/SubjectRouter") {
  static readonly layer = Layer.effect(SubjectRouter, Effect.suspend(() => make))
}

/** Kinds that nobody serves, because two plugins would. */
export const kindClashes = (discovery: Discovery) => [...routesOf(discovery).contested.values()]

const routesOf = ({ plugins }: Discovery) => makeRoutes(claimsOf(plugins))

/** As the plugins are now. */
const routesOver = (catalog: PluginCatalog["Service"]) => {
  let last: { readonly seen: Discovery; readonly now: RoutesNow } | undefined
  return Effect.gen(function*() {
    const seen = yield* catalog.discovery
    if (last?.seen === seen) return last.now
    const routes = routesOf(seen)
    yield* Effect.forEach(routes.contested.values(), ({ message }) => Effect.logError(message), { discard: true })
    const now = { routes, trouble: registryFault(seen) }
    last = { seen, now }
    return now
  })
}

const DISABLE_VARIABLE = "ANIMUS_DAEMON_DISABLE_SUBJECT_PLUGINS"
const nowhere: RoutesNow = { routes: makeRoutes([]), trouble: `${DISABLE_VARIABLE} is set` }

const make = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const host = yield* PluginHost
  const { env } = yield* HostEnvironment
  const now = isSet(env[DISABLE_VARIABLE]) ? Effect.succeed(nowhere) : routesOver(catalog)
  yield* now
  const { ask, askOf, listKind, made, need, remove, routeOf, routeOfId, spellings } = makeCalls(
    host,
    now
  )

  const get = Effect.fn("SubjectRouter.get")(function*(id: string) {
    return yield* need(yield* routeOfId(id), "get", { id }, id)
  })
  /** Some backends answer a change with nothing. */
  const changed = Effect.fnUntraced(function*(route: Route, verb: string, params: object, id: string) {
    const subject = yield* askOf(route, verb, params, id)
    return Option.isSome(subject) ? subject.value : yield* get(id)
  })
  const update = Effect.fn("SubjectRouter.update")(function*(id: string, patch: SubjectPatch) {
    return yield* changed(yield* routeOfId(id), "update", { id, patch }, id)
  })

  const setStatus = Effect.fn("SubjectRouter.setStatus")(function*(id: string, status: SubjectStatus) {
    const route = yield* routeOfId(id)
    return yield* Effect.catchTag(
      changed(route, "status", { id, status }, id),
      "MethodNotSupported",
      () => update(id, { status })
    )
  })

  return SubjectRouter.of({
    list: Effect.fn("SubjectRouter.list")(function*(filter: SubjectFilter) {
      if ((filter.kind ?? []).length > 0) return yield* listKinds(filter, listKind)
      return yield* new InvalidInput({ detail: "a list of subjects names at least one kind: --kind task" })
    }),
    get,
    create: Effect.fn("SubjectRouter.create")(function*(subject: CreateSubject) {
      return yield* made(yield* routeOf(subject.kind), subject)
    }),
    update,
    setStatus,
    remove: Effect.fn("SubjectRouter.remove")(function*(id: string) {
      const route = yield* routeOfId(id)
      yield* Effect.catchTag(remove(route, id), "MethodNotSupported", () => setStatus(id, "cancelled"))
    }),
    next: Effect.fn("SubjectRouter.next")(function*(kind: string) {
      return Option.getOrUndefined(yield* ask(yield* routeOf(kind), "next", {}))
    }),
    watch: Effect.fn("SubjectRouter.watch")(function*(kinds: ReadonlyArray<string>, filter?: SubjectFilter) {
      const { routes } = yield* now
      const all = routes.served.map(({ kind }) => kind).filter(isKind)
      const wanted = yield* Effect.forEach(kinds.length === 0 ? all : kinds, routeOf)
      return yield* Effect.provideService(watchKinds(wanted, filter, spellings), PluginHost, host)
    }),
    backendOf: (kind) => Effect.flatMap(now, ({ routes }) => Effect.fromResult(resolve(routes, kind)))
  })
})
