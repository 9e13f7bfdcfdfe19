/** What the JavaScript template of each kind does: `tokens`, `methods`, `notifications`, `declined` and `extras`. */
import { durableStore, memoryStore, queue } from "./JavaScriptStores.ts"
import { type ScaffoldKind, toolFields } from "./ScaffoldKinds.ts"

const quiet = `const notifications = {}
const declined = []
const extras = {}
`

const provider = String.raw`const tokens = ["provider_tool:" + NAME.replace("animus-provider-", "")]
const sessions = new Map()

const run = async ({ prompt, session_id, control_session_id }, { signal }) => {
  const began = Date.now()
  const id = control_session_id || session_id || randomUUID()
  const session = new AbortController()
  sessions.set(id, session)
  const stop = AbortSignal.any([signal, session.signal])
  let output = ""
  for (const word of String(prompt).split(/\s+/)) {
    if (stop.aborted) break
    output += word + " "
    notify("agent/output", { session_id: id, text: word + " ", final: false })
    await sleep(20)
  }
  sessions.delete(id)
  const exit_code = stop.aborted ? 130 : 0
  return { session_id: session_id || "", exit_code, output, duration_ms: Date.now() - began, backend: NAME }
}

const methods = {
  "agent/run": run,
  "agent/cancel": ({ session_id }) => {
    const session = sessions.get(session_id)
    if (session === undefined) throw notFound("no live session " + session_id)
    session.abort()
    return { session_id, cancelled: true }
  }
}
const notifications = {}
// An agent that can go on with a session serves agent/resume, too.
const declined = ["agent/resume", "agent/respond"]
const extras = {}
`

const subject = String.raw`const SUBJECT_KIND = "note"
const tokens = ["subject_kind:" + SUBJECT_KIND]
const subjects = new Map()
let issued = 0

const fullId = (id) => String(id).includes(":") ? id : SUBJECT_KIND + ":" + id
const known = (id) => {
  const subject = subjects.get(fullId(id))
  if (subject === undefined) throw notFound("no subject " + id)
  return subject
}
const keep = (subject) => {
  subjects.set(subject.id, subject)
  return subject
}

const verbs = {
  list: (params) => {
    const { status, limit = 100 } = params.filter ?? params
    const found = [...subjects.values()].filter((subject) => status === undefined || status.includes(subject.status))
    return { subjects: found.slice(0, limit), fetched_at: now() }
  },
  get: ({ id }) => known(id),
  create: ({ title, body, status = "ready", priority, labels = [], assignee, custom }) => {
    if (typeof title !== "string") throw invalid("a subject needs a title")
    const at = now()
    const id = SUBJECT_KIND + ":" + ++issued
    const given = { description: body, priority, assignee, custom }
    return keep({ id, kind: SUBJECT_KIND, title, status, labels, created_at: at, updated_at: at, ...given })
  },
  update: ({ id, patch = {} }) => {
    const { labels_add = [], labels_remove = [], status, assignee } = patch
    const subject = known(id)
    const labels = [...new Set([...subject.labels, ...labels_add])].filter((label) => !labels_remove.includes(label))
    // An assignee of null clears, a missing one keeps.
    const who = assignee === undefined ? subject.assignee : assignee ?? undefined
    return keep({ ...subject, labels, assignee: who, status: status ?? subject.status, updated_at: now() })
  },
  status: ({ id, status }) => keep({ ...known(id), status, updated_at: now() }),
  next: () => [...subjects.values()].find(({ status }) => status === "ready") ?? null,
  delete: ({ id }) => {
    subjects.delete(known(id).id)
    return { ok: true }
  },
  schema: () => ({
    kinds: [SUBJECT_KIND],
    status_values: ["ready", "in-progress", "blocked", "done", "cancelled"],
    supports_watch: false,
    supports_create: true,
    supports_delete: true,
    supports_pagination: false
  })
}

// The host says subject/get, note/get or animus.note/get.
const prefixes = ["subject", SUBJECT_KIND, "animus." + SUBJECT_KIND]
const methods = Object.fromEntries(
  prefixes.flatMap((prefix) => Object.entries(verbs).map(([verb, serve]) => [prefix + "/" + verb, serve]))
)
const notifications = {}
const declined = prefixes.map((prefix) => prefix + "/watch")
const extras = { subject_kinds: [SUBJECT_KIND] }
`

const trigger = String.raw`const tokens = []
const EVERY = 60_000
let timer

const methods = {
  // cursor is what the last event before a restart carried; config.triggers are the project's enabled triggers.
  "trigger/watch": ({ config }) => {
    clearInterval(timer)
    timer = setInterval(() => {
      for (const { id } of config?.triggers ?? []) {
        const at = now()
        notify("trigger/event", { event_id: id + "@" + at, trigger_id: id, cursor: at, payload: { at } })
      }
    }, EVERY)
    timer.unref()
    return { watching: true }
  },
  "trigger/ack": ({ event_id }) => ({ event_id, acked: true }),
  "trigger/schema": () => ({ kinds: ["clock"], supports_resume: false, supports_dedup: true, supports_ack: true })
}
// What became of an event: the host usually sends it like this.
const notifications = { "trigger/ack": ({ event_id, status }) => process.stderr.write(event_id + ": " + status + "\n") }
const declined = []
const extras = {}
`

const logStorage = String.raw`const tokens = []
const LEVELS = ["trace", "debug", "info", "warn", "error"]
const kept = new Map()

const methods = {
  // What was not confirmed comes again, under the ids it had.
  "log_storage/store": ({ entries }) => {
    for (const entry of entries) kept.set(entry.id, entry)
    for (const id of kept.keys()) if (kept.size > 10_000) kept.delete(id)
    return { stored: entries.length }
  },
  "log_storage/query": ({ min_level = "trace", source, since = "0000-01-01", until = "9999-12-31", limit = 100 }) => ({
    entries: [...kept.values()].filter((entry) =>
      LEVELS.indexOf(entry.level) >= LEVELS.indexOf(min_level) && (source ?? entry.source) === entry.source &&
      Date.parse(entry.ts) >= Date.parse(since) && Date.parse(entry.ts) < Date.parse(until)
    ).slice(-limit)
  }),
  "log_storage/schema": () => ({ supports_query: true, supports_tail: false, supports_dedup: false })
}
const notifications = {}
const declined = ["log_storage/tail"]
const extras = {}
`

const notifier = String.raw`const tokens = []
const methods = {
  "notifier/notify": ({ event }) => {
    process.stderr.write(event.timestamp + " " + event.event_type + "\n")
    return { accepted: true, delivered: 1, lifecycle_events: [] }
  },
  "notifier/flush": () => ({ lifecycle_events: [] }),
  "notifier/schema": () => ({ connector_kinds: ["stderr"], supports_flush: true })
}
${quiet}`

const transport = String.raw`const tokens = ["$ui/web"]
let server

const methods = {
  // It talks back to the daemon through control_socket_path alone.
  "transport/start": async ({ bind_addr = "127.0.0.1:0", project_root }) => {
    if (server !== undefined) throw new Refusal(-32600, "it is started already", "conflict")
    const { createServer } = await import("node:http")
    const [host, port] = bind_addr.split(":")
    server = createServer((_, response) => response.end("animus works on " + project_root + "\n"))
    await new Promise((resolve, reject) => server.on("error", reject).listen(Number(port), host, resolve))
    return { bound_addr: host + ":" + server.address().port, started_at: now() }
  },
  // It may come twice.
  "transport/shutdown": () => {
    server?.close()
    server = undefined
    return { shutdown: true }
  },
  "transport/schema": () => ({ kinds: ["http"], supports_streaming: false, supports_websocket: false })
}
const notifications = {}
const declined = ["transport/info"]
const extras = {}
`

const workflowRunner = String.raw`const tokens = []
const methods = {
  "workflow/execute": async ({ workflow_id, workflow_ref = "default", task_id, title }) => {
    const began = Date.now()
    await sleep(10)
    return {
      workflow_id: workflow_id ?? randomUUID(),
      workflow_ref,
      workflow_status: "completed",
      subject_id: task_id ?? title ?? "",
      execution_cwd: process.cwd(),
      phases_requested: [],
      phases_completed: 0,
      phases_total: 0,
      total_duration_secs: (Date.now() - began) / 1000,
      phase_results: [],
      post_success: null,
      success: true,
      phase_events: []
    }
  }
}
const notifications = {}
const declined = ["workflow/run_phase"]
const extras = {}
`

const custom = String.raw`const tokens = []
const mcp_tools = [{
${toolFields("  ")}
}]

const methods = {
  "mcp/tool_call": ({ name, arguments: given }) => {
    if (name !== "greet") throw notFound("no tool " + name)
    return { text: "Hello, " + (given?.name ?? "world") }
  }
}
const notifications = {}
const declined = []
const extras = { mcp_tools }
`

export const javaScriptKinds: { readonly [K in ScaffoldKind]: string } = {
  provider,
  subject_backend: subject,
  trigger_backend: trigger,
  log_storage_backend: logStorage,
  notifier,
  transport_backend: transport,
  queue,
  workflow_runner: workflowRunner,
  durable_store: durableStore,
  memory_store: memoryStore,
  custom
}
