/** The backend: one change at a time, on the disk before it is answered, announced to watches after. */
import { DateTime, Effect, Option, PubSub, Semaphore, Stream } from "effect"
import type { Subject, SubjectFilter } from "../../schemas/Subject.ts"
import { PluginFailure, type SubjectBackend } from "../../src/sdk/Sdk.ts"
import { openBacklogFile } from "./BacklogFile.ts"
import { type Backlog, type Change, create, find, kinds, remove, update } from "./Model.ts"
import { matches, nextReady, page, problemOf } from "./Query.ts"

/** Changes that a watch may lag behind before writers wait for it. */
const WATCH_LAG = 1024

const invalid = (message: string) => Effect.fail(new PluginFailure({ category: "invalid_request", message }))

const checked = (filter: SubjectFilter) => {
  const problem = problemOf(filter)
  return problem === undefined ? Effect.succeed(filter) : invalid(problem)
}

const subjectOf = (backlog: Backlog, id: string): Effect.Effect<Subject, PluginFailure> => {
  const subject = find(backlog, id)
  return subject === undefined
    ? Effect.fail(new PluginFailure({ category: "not_found", message: `no subject ${id}. See: animus subject list` }))
    : Effect.succeed(subject)
}

const concerns = (filter: SubjectFilter, { before, event }: Change): boolean =>
  matches(filter, event.subject) || (before !== undefined && matches(filter, before))

const nowText = Effect.map(DateTime.now, DateTime.formatIso)

const schema: SubjectBackend["schema"] = {
  kinds,
  status_values: ["ready", "in-progress", "blocked", "done", "cancelled"],
  supports_watch: true,
  supports_create: true,
  supports_delete: true,
  supports_pagination: true,
  native_status_values: [],
  status_dispatch_hints: [],
  custom_fields: []
}

export const makeBacklog = Effect.fnUntraced(function*(path: string) {
  const file = openBacklogFile(path)
  const changes = yield* PubSub.bounded<Change>(WATCH_LAG)
  const oneAtATime = Semaphore.makeUnsafe(1)

  /** One change: from what the file holds, to the file, then to the watches. */
  const commit = (make: (backlog: Backlog, now: string) => Effect.Effect<Change, PluginFailure>) =>
    oneAtATime.withPermits(1)(Effect.gen(function*() {
      const change = yield* make(yield* file.current, yield* nowText)
      yield* file.save(change.backlog)
      yield* PubSub.publish(changes, change)
      return change.event.subject
    }))
  const current = oneAtATime.withPermits(1)(file.current)

  const patch = (id: string, change: Parameters<typeof update>[2]) =>
    commit((backlog, now) => Effect.map(subjectOf(backlog, id), (before) => update(backlog, before, change, now)))

  const backend: SubjectBackend = {
    schema,
    list: Effect.fnUntraced(function*(filter) {
      const { entries } = yield* current
      return { ...page(entries, yield* checked(filter)), fetched_at: yield* nowText }
    }),
    get: (id) => Effect.map(current, (backlog) => Option.fromUndefinedOr(find(backlog, id))),
    create: (given) => {
      if (!kinds.includes(given.kind)) return invalid(`no kind "${given.kind}" here: use ${kinds.join(" or ")}`)
      if (given.title.trim() === "") return invalid("a subject needs a title")
      return commit((backlog, now) => Effect.succeed(create(backlog, given, now)))
    },
    update: (given) => patch(given.id, given.patch),
    status: ({ id, status }) => patch(id, { status }),
    delete: (id) =>
      Effect.asVoid(commit((backlog) => Effect.map(subjectOf(backlog, id), (before) => remove(backlog, before)))),
    next: (kind) => Effect.map(current, ({ entries }) => Option.fromUndefinedOr(nextReady(entries, kind))),
    watch: Effect.fnUntraced(function*(filter) {
      const wanted = yield* checked(filter)
      const subscription = yield* PubSub.subscribe(changes)
      return Stream.fromSubscription(subscription).pipe(
        Stream.filter((change) => concerns(wanted, change)),
        Stream.map((change) => change.event)
      )
    }),
    health: Effect.match(current, {
      onFailure: ({ message }) => ({ status: "unhealthy" as const, last_error: message }),
      onSuccess: () => ({ status: "healthy" as const })
    })
  }
  return backend
})
