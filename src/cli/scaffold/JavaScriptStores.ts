/** What the JavaScript templates of the kinds that keep something do. */

const quiet = `const notifications = {}
const declined = []
const extras = {}
`

export const queue = String.raw`const tokens = []
const entries = new Map()
let issued = 0

const of = (status) => [...entries.values()].filter((entry) => entry.status === status)
const stats = () => {
  const [pending, assigned, held] = ["pending", "assigned", "held"].map((status) => of(status).length)
  return { total: entries.size, pending, assigned, held, deferred: 0 }
}
const change = (entry_id, edit) => {
  const entry = entries.get(entry_id)
  if (entry === undefined) return { changed: false, not_found: true }
  edit(entry)
  return { changed: true, not_found: false }
}
const assign = (workflow_id) => (entry) => Object.assign(entry, { status: "assigned", workflow_id, assigned_at: now() })
const pend = (entry) => Object.assign(entry, { status: "pending", workflow_id: undefined, assigned_at: undefined, held_at: undefined })
const subjectOf = ({ subject }) => subject.id ?? subject.Task?.id ?? subject.Requirement?.id ?? subject.Custom?.title

const methods = {
  "queue/enqueue": ({ subject_dispatch, run_at, expire_after_secs }) => {
    const subject_id = subjectOf(subject_dispatch)
    // One subject waits once.
    const twin = [...entries.values()].find((entry) => entry.subject_id === subject_id && entry.status !== "held")
    if (twin !== undefined && run_at === undefined) return { enqueued: false, entry_id: twin.entry_id, subject_id }
    const entry_id = "entry-" + ++issued
    const entry = { entry_id, subject_id, subject_dispatch, status: "pending", enqueued_at: now(), run_at, expire_after_secs }
    entries.set(entry_id, entry)
    return { enqueued: true, entry_id, subject_id }
  },
  "queue/list": ({ status, limit = 100, offset = 0 }) => {
    const found = [...entries.values()].filter((entry) => status === undefined || status.includes(entry.status))
    return { entries: found.slice(offset, offset + limit), total: found.length, stats: stats() }
  },
  "queue/lease": ({ max, workflow_ids, exclude_subjects = [] }) => {
    if (workflow_ids !== undefined && workflow_ids.length !== max) {
      throw new Refusal(-32206, "lease " + max + " with " + workflow_ids.length + " workflow ids", "invalid_request")
    }
    const due = of("pending").filter(({ subject_id, run_at }) => !exclude_subjects.includes(subject_id) && (run_at ?? "") <= now())
    const leased = due.slice(0, max)
    leased.forEach((entry, at) => assign(workflow_ids?.[at])(entry))
    return { leased }
  },
  "queue/stats": stats,
  "queue/hold": ({ entry_id }) => change(entry_id, (entry) => Object.assign(entry, { status: "held", held_at: now() })),
  "queue/release": ({ entry_id }) => change(entry_id, pend),
  "queue/drop": ({ entry_id }) => change(entry_id, () => entries.delete(entry_id)),
  "queue/reorder": ({ entry_ids }) => {
    const moved = entry_ids.filter((id) => entries.has(id)).map((id) => entries.get(id))
    const others = [...entries.values()].filter((entry) => !moved.includes(entry))
    entries.clear()
    for (const entry of [...moved, ...others]) entries.set(entry.entry_id, entry)
    return { reordered_count: moved.length }
  },
  "queue/mark_assigned": ({ entry_id, workflow_id }) => change(entry_id, assign(workflow_id)),
  // What has ended is gone, whatever workflow id it is named with.
  "queue/completion": ({ entry_id }) => change(entry_id, () => entries.delete(entry_id)),
  "queue/release_pending": ({ entry_id }) => {
    if (change(entry_id, pend).not_found) throw new Refusal(-32201, "no entry " + entry_id, "not_found")
    return { entry_id, status: "pending" }
  }
}
const notifications = {}
const declined = ["queue/next_deadline"]
const extras = {}
`

export const durableStore = String.raw`const tokens = []
const runs = new Map()
const steps = new Map()
const byKey = new Map()

const runOf = ({ run_id, phase_id }) => {
  const run = runs.get(run_id + ":" + phase_id)
  if (run === undefined) throw new Refusal(-32301, "no run " + run_id + " " + phase_id, "not_found")
  return run
}
const stepOf = ({ step_id }) => {
  const step = steps.get(step_id)
  if (step === undefined) throw new Refusal(-32302, "no step " + step_id, "not_found")
  return step
}

const methods = {
  "durable/begin_workflow_run": ({ run_id, phase_id }) => {
    const key = run_id + ":" + phase_id
    if (!runs.has(key)) runs.set(key, { run_id, phase_id, epoch: runs.size + 1, steps: [] })
    return { epoch: runs.get(key).epoch }
  },
  "durable/begin_step": ({ run_id, phase_id, step_name, idempotency_key, reservation_ttl_secs = 300 }) => {
    const run = runOf({ run_id, phase_id })
    const prior = byKey.get(idempotency_key)
    const { step_id } = prior ?? {}
    if (prior?.outcome === "success") return { step_id, status: "already_committed", prior_output: prior.output }
    if (prior?.outcome === "error") return { step_id, status: "prior_error", prior_error: prior.error }
    if (prior !== undefined && prior.expires > Date.now()) return { step_id, status: "in_progress" }
    const step = { step_id: randomUUID(), step_name, idempotency_key, expires: Date.now() + reservation_ttl_secs * 1000 }
    steps.set(step.step_id, step)
    byKey.set(idempotency_key, step)
    run.steps.push(step)
    return { step_id: step.step_id, status: "new", reservation_expires_at: new Date(step.expires).toISOString() }
  },
  "durable/commit_step": (params) => {
    const { outcome, output, error } = params
    Object.assign(stepOf(params), { outcome, output, error, committed_at: now() })
    return { ack: true }
  },
  "durable/abandon_step": (params) => {
    const { idempotency_key, step_id } = stepOf(params)
    steps.delete(step_id)
    byKey.delete(idempotency_key)
    return { ack: true }
  },
  "durable/recover_in_flight": ({ since_epoch }) => ({
    in_flight: [...runs.values()].filter(({ epoch }) => epoch >= since_epoch).map(({ run_id, phase_id }) => ({ run_id, phase_id }))
  }),
  "durable/query_run": (params) => {
    const { run_id, phase_id, steps } = runOf(params)
    return { run_id, phase_id, status: "pending", steps: steps.filter(({ committed_at }) => committed_at !== undefined) }
  }
}
${quiet}`

export const memoryStore = String.raw`const tokens = []
const scopes = new Map()
const nameOf = ({ project_id, agent_id, task_id }) => JSON.stringify([project_id, agent_id, task_id])

const methods = {
  "memory/put": ({ scope, key, value }) => {
    const name = nameOf(scope)
    if (!scopes.has(name)) scopes.set(name, { scope, values: new Map() })
    scopes.get(name).values.set(key, value)
    return { ack: true, indexed_immediately: true }
  },
  "memory/get": ({ scope, key }) => {
    const values = scopes.get(nameOf(scope))?.values
    return values?.has(key) === true ? { found: true, value: values.get(key) } : { found: false }
  },
  "memory/query": ({ scope, query, top_k }) => {
    const values = [...scopes.get(nameOf(scope))?.values ?? []]
    const found = values.filter(([key, value]) => (key + JSON.stringify(value)).includes(query))
    return { results: found.slice(0, top_k).map(([key, value]) => ({ key, value, score: 1 })) }
  },
  "memory/list_scopes": ({ project_id }) => ({
    scopes: [...scopes.values()].map(({ scope }) => scope).filter((scope) => (project_id ?? scope.project_id) === scope.project_id)
  }),
  "memory/delete_scope": ({ scope }) => {
    scopes.delete(nameOf(scope))
    return { ack: true }
  }
}
${quiet}`
