/** What the TypeScript templates of the kinds that keep something do. */

export const queue = {
  effect: "DateTime, Effect, Runtime",
  sdk: "definePlugin, PluginFailure, queue, serve",
  more: `import { ErrorCode } from "animus/schemas/JsonRpc"
import type { StoredQueueEntry } from "animus/schemas/QueueStore"
import { subjectKey } from "animus/schemas/Subject"
`,
  body: String.raw`const entries = new Map<string, StoredQueueEntry>()
let issued = 0

const at = Effect.map(DateTime.now, DateTime.formatIso)
const of = (status: StoredQueueEntry["status"]) => [...entries.values()].filter((entry) => entry.status === status)
const stats = () => ({
  total: entries.size,
  pending: of("pending").length,
  assigned: of("assigned").length,
  held: of("held").length
})
const keep = (entry: StoredQueueEntry) => {
  entries.set(entry.entry_id, entry)
  return entry
}

/** A changed entry is a new one; undefined drops it. */
const change = (id: string, edit: (entry: StoredQueueEntry, now: string) => StoredQueueEntry | undefined) =>
  Effect.map(at, (now) => {
    const entry = entries.get(id)
    if (entry === undefined) return { changed: false, not_found: true }
    const changed = edit(entry, now)
    if (changed === undefined) entries.delete(id)
    else keep(changed)
    return { changed: true }
  })
const pend = ({ assigned_at: _, held_at: __, workflow_id: ___, ...entry }: StoredQueueEntry): StoredQueueEntry => ({
  ...entry,
  status: "pending"
})
const assign = (workflow_id: string | undefined) => (entry: StoredQueueEntry, now: string): StoredQueueEntry => ({
  ...entry,
  status: "assigned",
  assigned_at: now,
  ...(workflow_id === undefined ? {} : { workflow_id })
})

const serves = queue({
  open: () =>
    Effect.succeed({
      enqueue: ({ subject_dispatch, ...timing }) =>
        Effect.map(at, (now) => {
          const subject_id = subjectKey(subject_dispatch.subject)
          // One subject waits once.
          const twin = [...of("pending"), ...of("assigned")].find((entry) => entry.subject_id === subject_id)
          if (twin !== undefined && timing.run_at === undefined) {
            return { enqueued: false, entry_id: twin.entry_id, subject_id }
          }
          const entry_id = "entry-" + ++issued
          keep({ entry_id, subject_id, subject_dispatch, status: "pending", enqueued_at: now, ...timing })
          return { enqueued: true, entry_id, subject_id }
        }),
      list: ({ limit = 100, offset = 0, status }) =>
        Effect.sync(() => {
          const found = [...entries.values()].filter((entry) => status === undefined || status.includes(entry.status))
          return { entries: found.slice(offset, offset + limit), total: found.length, stats: stats() }
        }),
      lease: ({ exclude_subjects = [], max, workflow_ids }) =>
        Effect.gen(function*() {
          if (workflow_ids !== undefined && workflow_ids.length !== max) {
            return yield* new PluginFailure({
              category: "invalid_request",
              code: ErrorCode.QueueLeaseWorkflowIdCountMismatch,
              message: "lease " + max + " with " + workflow_ids.length + " workflow ids"
            })
          }
          const now = yield* at
          const due = of("pending").filter(({ run_at = "", subject_id }) =>
            run_at <= now && !exclude_subjects.includes(subject_id)
          )
          return { leased: due.slice(0, max).map((entry, index) => keep(assign(workflow_ids?.[index])(entry, now))) }
        }),
      stats: () => Effect.sync(stats),
      hold: ({ entry_id }) => change(entry_id, (entry, now) => ({ ...entry, status: "held", held_at: now })),
      release: ({ entry_id }) => change(entry_id, pend),
      drop: ({ entry_id }) => change(entry_id, () => undefined),
      reorder: ({ entry_ids }) =>
        Effect.sync(() => {
          const moved = entry_ids.flatMap((id) => entries.get(id) ?? [])
          const others = [...entries.values()].filter((entry) => !moved.includes(entry))
          entries.clear()
          for (const entry of [...moved, ...others]) keep(entry)
          return { reordered_count: moved.length }
        }),
      mark_assigned: ({ entry_id, workflow_id }) => change(entry_id, assign(workflow_id)),
      // What has ended is gone, whatever workflow id it is named with.
      completion: ({ entry_id }) => change(entry_id, () => undefined),
      release_pending: ({ entry_id }) =>
        Effect.flatMap(change(entry_id, pend), ({ changed }) =>
          changed ? Effect.succeed({ entry_id, status: "pending" as const }) : Effect.fail(
            new PluginFailure({
              category: "not_found",
              code: ErrorCode.QueueEntryNotFound,
              message: "no entry " + entry_id
            })
          ))
    })
})
`
}

export const durableStore = {
  effect: "Clock, Effect, Runtime",
  sdk: "definePlugin, durableStore, PluginFailure, serve",
  more: `import type { DurableStep } from "animus/schemas/DurableStore"
import { ErrorCode } from "animus/schemas/JsonRpc"
`,
  node: `import { randomUUID } from "node:crypto"\n`,
  body: String.raw`interface Run {
  readonly run_id: string
  readonly phase_id: string
  readonly epoch: number
  readonly steps: Array<DurableStep & { readonly expires: number }>
}

const runs = new Map<string, Run>()
const all = () => [...runs.values()].flatMap(({ steps }) => steps)
const iso = (millis: number) => new Date(millis).toISOString()

const runOf = (run_id: string, phase_id: string) => {
  const run = runs.get(run_id + ":" + phase_id)
  return run === undefined
    ? Effect.fail(
      new PluginFailure({ category: "not_found", code: ErrorCode.DurableRunNotFound, message: "no run " + run_id })
    )
    : Effect.succeed(run)
}

/** Puts another step in the place of this one, or none. */
const replace = (step_id: string, edit: (step: Run["steps"][number]) => Run["steps"]) => {
  const run = [...runs.values()].find(({ steps }) => steps.some((step) => step.step_id === step_id))
  const index = run?.steps.findIndex((step) => step.step_id === step_id) ?? -1
  const step = run?.steps[index]
  if (run === undefined || step === undefined) {
    return Effect.fail(
      new PluginFailure({ category: "not_found", code: ErrorCode.DurableStepNotFound, message: "no step " + step_id })
    )
  }
  run.steps.splice(index, 1, ...edit(step))
  return Effect.succeed({ ack: true })
}

const serves = durableStore({
  open: () =>
    Effect.succeed({
      begin_workflow_run: ({ phase_id, run_id }) =>
        Effect.sync(() => {
          const key = run_id + ":" + phase_id
          const run = runs.get(key) ?? { run_id, phase_id, epoch: runs.size + 1, steps: [] }
          runs.set(key, run)
          return { epoch: run.epoch }
        }),
      begin_step: ({ idempotency_key, phase_id, reservation_ttl_secs = 300, run_id, step_name }) =>
        Effect.gen(function*() {
          const run = yield* runOf(run_id, phase_id)
          const now = yield* Clock.currentTimeMillis
          const prior = all().find((step) => step.idempotency_key === idempotency_key)
          if (prior !== undefined) {
            const { error, expires, outcome, output, step_id } = prior
            if (outcome === "success") {
              return {
                step_id,
                status: "already_committed" as const,
                ...(output === undefined ? {} : { prior_output: output })
              }
            }
            if (outcome === "error") {
              return { step_id, status: "prior_error" as const, ...(error === undefined ? {} : { prior_error: error }) }
            }
            if (expires > now) return { step_id, status: "in_progress" as const, reservation_expires_at: iso(expires) }
          }
          const step_id = randomUUID()
          const expires = now + reservation_ttl_secs * 1000
          run.steps.push({ step_id, step_name, idempotency_key, expires })
          return { step_id, status: "new" as const, reservation_expires_at: iso(expires) }
        }),
      commit_step: ({ step_id, ...outcome }) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          replace(step_id, (step) => [{ ...step, ...outcome, committed_at: iso(now) }])),
      abandon_step: ({ step_id }) =>
        replace(step_id, () => []),
      recover_in_flight: ({ since_epoch }) =>
        Effect.sync(() => ({
          in_flight: [...runs.values()].filter(({ epoch }) => epoch >= since_epoch).map(({ phase_id, run_id }) => ({
            run_id,
            phase_id
          }))
        })),
      query_run: ({ phase_id, run_id }) =>
        Effect.map(runOf(run_id, phase_id), ({ steps }) => ({
          run_id,
          phase_id,
          status: "pending" as const,
          steps: steps.filter(({ committed_at }) => committed_at !== undefined)
        }))
    })
})
`
}

export const memoryStore = {
  effect: "Effect, Runtime",
  sdk: "definePlugin, memoryStore, serve",
  more: `import type { Json } from "animus/schemas/Json"
import type { MemoryScope } from "animus/schemas/MemoryStore"
`,
  body: String.raw`const scopes = new Map<string, { readonly scope: MemoryScope; readonly values: Map<string, Json> }>()
const nameOf = ({ agent_id, project_id, task_id }: MemoryScope) => JSON.stringify([project_id, agent_id, task_id])
const valuesOf = (scope: MemoryScope) => scopes.get(nameOf(scope))?.values ?? new Map<string, Json>()

const serves = memoryStore({
  open: () =>
    Effect.succeed({
      put: ({ key, scope, value }) =>
        Effect.sync(() => {
          const kept = scopes.get(nameOf(scope)) ?? { scope, values: new Map<string, Json>() }
          scopes.set(nameOf(scope), kept)
          kept.values.set(key, value)
          return { ack: true, indexed_immediately: true }
        }),
      get: ({ key, scope }) =>
        Effect.sync(() => {
          const value = valuesOf(scope).get(key)
          return value === undefined ? { found: false } : { found: true, value }
        }),
      query: ({ query, scope, top_k }) =>
        Effect.sync(() => ({
          results: [...valuesOf(scope)]
            .filter(([key, value]) => (key + JSON.stringify(value)).includes(query))
            .slice(0, top_k)
            .map(([key, value]) => ({ key, value, score: 1 }))
        })),
      list_scopes: ({ project_id }) =>
        Effect.sync(() => ({
          scopes: [...scopes.values()].map(({ scope }) => scope).filter((scope) =>
            project_id === undefined || scope.project_id === project_id
          )
        })),
      delete_scope: ({ scope }) => Effect.sync(() => ({ ack: scopes.delete(nameOf(scope)) || true }))
    })
})
`
}
