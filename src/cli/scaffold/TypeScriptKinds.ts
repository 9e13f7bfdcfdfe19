/** What the TypeScript template of each kind does: a part of the SDK called `serves`. */
import { type ScaffoldKind, toolFields } from "./ScaffoldKinds.ts"
import { durableStore, memoryStore, queue } from "./TypeScriptStores.ts"

export interface TypeScriptBody {
  readonly body: string
  readonly effect: string
  readonly sdk: string
  /** Imports from this package, and from Node. */
  readonly more?: string
  readonly node?: string
}

const provider: TypeScriptBody = {
  effect: "Clock, Effect, Runtime",
  sdk: "definePlugin, provider, serve",
  body: String.raw`const serves = provider({
  tool: "example",
  // agent/cancel and $/cancelRequest interrupt it; the SDK answers for it.
  run: (request, session) =>
    Effect.gen(function*() {
      const began = yield* Clock.currentTimeMillis
      for (const word of request.prompt.split(/\s+/)) {
        yield* session.output(word + " ")
        yield* Effect.sleep("20 millis")
      }
      return {
        session_id: request.session_id ?? "",
        exit_code: 0,
        output: request.prompt,
        duration_ms: (yield* Clock.currentTimeMillis) - began,
        backend: "example"
      }
    })
})
`
}

const subject: TypeScriptBody = {
  effect: "DateTime, Effect, Option, Runtime",
  sdk: "definePlugin, PluginFailure, serve, subjectBackend",
  more: `import { Subject, SubjectSchema } from "animus/schemas/Subject"\n`,
  body: String.raw`const notes = new Map<string, Subject>()
let issued = 0

const at = Effect.map(DateTime.now, DateTime.formatIso)
const keep = (note: Subject) => {
  notes.set(note.id, note)
  return note
}
const known = (id: string) => {
  const note = notes.get(id)
  return note === undefined
    ? Effect.fail(new PluginFailure({ category: "not_found", message: "no note " + id }))
    : Effect.succeed(note)
}

const serves = subjectBackend({
  kinds: ["note"],
  supports: ["create", "update", "status", "next", "delete"],
  open: () =>
    Effect.succeed({
      schema: SubjectSchema.make({ kinds: ["note"], supports_create: true, supports_delete: true }),
      list: ({ limit = 100, status }) =>
        Effect.succeed({
          subjects: [...notes.values()]
            .filter((note) => status === undefined || status.includes(note.status))
            .slice(0, limit)
        }),
      get: (id) => Effect.succeed(Option.fromUndefinedOr(notes.get(id))),
      create: ({ body, ...given }) =>
        Effect.map(at, (now) => {
          const about = { id: given.kind + ":" + ++issued, created_at: now, updated_at: now }
          const text = body === undefined ? {} : { description: body }
          return keep(Subject.make({ status: "ready", ...given, ...text, ...about }))
        }),
      update: ({ id, patch: { assignee, labels_add = [], labels_remove = [], status } }) =>
        Effect.map(Effect.all([known(id), at]), ([{ assignee: before, ...note }, now]) => {
          // null clears, and what is missing stays.
          const after = assignee === undefined ? before : assignee
          const labels = [...new Set([...note.labels, ...labels_add])].filter((label) => !labels_remove.includes(label))
          const changed = { ...note, labels, status: status ?? note.status, updated_at: now }
          return keep(typeof after === "string" ? { ...changed, assignee: after } : changed)
        }),
      status: ({ id, status }) =>
        Effect.map(Effect.all([known(id), at]), ([note, now]) => keep({ ...note, status, updated_at: now })),
      next: () => Effect.succeed(Option.fromUndefinedOr([...notes.values()].find(({ status }) => status === "ready"))),
      delete: (id) => Effect.map(known(id), (note) => void notes.delete(note.id))
    })
})
`
}

const trigger: TypeScriptBody = {
  effect: "DateTime, Effect, Runtime, Stream",
  sdk: "definePlugin, serve, triggerBackend",
  body: String.raw`const serves = triggerBackend({
  schema: { kinds: ["clock"], supports_dedup: true, supports_ack: true },
  open: () =>
    Effect.succeed({
      // cursor is what the last event before a restart carried; config.triggers are the project's enabled triggers.
      watch: ({ config }) =>
        Effect.succeed(
          Stream.tick("1 minute").pipe(
            Stream.drop(1),
            Stream.mapEffect(() => Effect.map(DateTime.now, DateTime.formatIso)),
            Stream.flatMap((at) =>
              Stream.fromIterable((config?.triggers ?? []).map(({ id }) => ({
                event_id: id + "@" + at,
                trigger_id: id,
                cursor: at,
                payload: { at }
              })))
            )
          )
        ),
      ack: ({ event_id, status }) => Effect.logInfo(event_id + ": " + status)
    })
})
`
}

const logStorageBody: TypeScriptBody = {
  effect: "Effect, Runtime",
  sdk: "definePlugin, logStorage, serve",
  more: `import { type LogEntry, LogLevel } from "animus/schemas/Log"\n`,
  body: String.raw`const levels: ReadonlyArray<string> = LogLevel.literals
const kept = new Map<string, LogEntry>()

const serves = logStorage({
  supports: ["query", "schema"],
  open: () =>
    Effect.succeed({
      // What was not confirmed comes again, under the ids it had.
      store: ({ entries }) =>
        Effect.sync(() => {
          for (const entry of entries) kept.set(entry.id, entry)
          for (const id of kept.keys()) if (kept.size > 10_000) kept.delete(id)
          return { stored: entries.length }
        }),
      query: ({ limit = 100, min_level = "trace", since = "0000-01-01", source, until = "9999-12-31" }) =>
        Effect.sync(() => ({
          entries: [...kept.values()].filter((entry) =>
            levels.indexOf(entry.level) >= levels.indexOf(min_level) && (source ?? entry.source) === entry.source &&
            Date.parse(entry.ts) >= Date.parse(since) && Date.parse(entry.ts) < Date.parse(until)
          ).slice(-limit)
        })),
      schema: () => Effect.succeed({ supports_query: true })
    })
})
`
}

const notifierBody: TypeScriptBody = {
  effect: "Effect, Runtime",
  sdk: "definePlugin, notifier, serve",
  body: String.raw`const serves = notifier({
  supports: ["flush", "schema"],
  open: () =>
    Effect.succeed({
      notify: ({ event }) =>
        Effect.as(Effect.logInfo(event.timestamp + " " + event.event_type), { accepted: true, delivered: 1 }),
      flush: () => Effect.succeed({}),
      schema: () => Effect.succeed({ connector_kinds: ["stderr"], supports_flush: true })
    })
})
`
}

const transportBody: TypeScriptBody = {
  effect: "Effect, Runtime",
  sdk: "definePlugin, PluginFailure, serve, transport",
  node: `import { createServer, type Server } from "node:http"\n`,
  body: String.raw`const listen = (bind: string, text: string) => {
  const [host = "127.0.0.1", port = "0"] = bind.split(":")
  return Effect.callback<{ server: Server; bound_addr: string }, PluginFailure>((resume) => {
    const server = createServer((_, response) => response.end(text))
    server.once("error", ({ message }) => resume(Effect.fail(new PluginFailure({ category: "unavailable", message }))))
    server.listen(Number(port), host, () => {
      const address = server.address()
      const bound = typeof address === "object" ? address?.port : port
      resume(Effect.succeed({ server, bound_addr: host + ":" + bound }))
    })
  })
}

const serves = transport({
  open: () =>
    Effect.succeed({
      schema: { kinds: ["http"] },
      // It talks back to the daemon through control_socket_path alone. transport/shutdown releases what is acquired here.
      start: ({ bind_addr = "127.0.0.1:0", project_root }) =>
        Effect.acquireRelease(
          listen(bind_addr, "animus works on " + project_root + "\n"),
          ({ server }) => Effect.sync(() => server.close())
        )
    })
})
`
}

const workflowRunnerBody: TypeScriptBody = {
  effect: "Effect, Runtime",
  sdk: "definePlugin, serve, workflowRunner",
  node: `import { randomUUID } from "node:crypto"\n`,
  body: String.raw`const serves = workflowRunner({
  open: () =>
    Effect.succeed({
      execute: ({ task_id, title, workflow_id, workflow_ref }) =>
        Effect.sync(() => ({
          workflow_id: workflow_id ?? randomUUID(),
          workflow_ref: workflow_ref ?? "default",
          workflow_status: "completed",
          subject_id: task_id ?? title ?? "",
          execution_cwd: process.cwd(),
          phases_requested: [],
          phases_completed: 0,
          phases_total: 0,
          total_duration_secs: 0,
          phase_results: [],
          success: true
        }))
    })
})
`
}

const custom: TypeScriptBody = {
  effect: "Effect, Runtime",
  sdk: "definePlugin, serve, tools",
  body: String.raw`const nameOf = (given: unknown): string => {
  const name: unknown = Object(given).name
  return typeof name === "string" ? name : "world"
}

const serves = tools([{
${toolFields("  ")}
  call: (given) => Effect.succeed({ text: "Hello, " + nameOf(given) })
}])
`
}

export const typeScriptKinds: { readonly [K in ScaffoldKind]: TypeScriptBody } = {
  provider,
  subject_backend: subject,
  trigger_backend: trigger,
  log_storage_backend: logStorageBody,
  notifier: notifierBody,
  transport_backend: transportBody,
  queue,
  workflow_runner: workflowRunnerBody,
  durable_store: durableStore,
  memory_store: memoryStore,
  custom
}
