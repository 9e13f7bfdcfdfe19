import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Schema, Stream } from "effect"
import * as ControlMemory from "../../layers/ControlMemory.ts"
import { NoBackendForKind, PluginRefused, RequestTimedOut } from "../../schemas/errors/PluginErrors.ts"
import {
  IllegalTransition,
  RunNotFound,
  SessionStoreFailed,
  StoreFull,
  WorkflowInvalid
} from "../../schemas/errors/RunErrors.ts"
import { RunId, SessionId } from "../../schemas/Ids.ts"
import type { RunHead } from "../../schemas/RunEvent.ts"
import { Subject, type SubjectDispatch } from "../../schemas/Subject.ts"
import { AgentSessions } from "../../src/agent/AgentSessions.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { ControlHandlers } from "../../src/control/ControlHandlers.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"
import { DaemonLifecycle } from "../../src/control/DaemonLifecycle.ts"
import { PluginLock } from "../../src/lock/PluginLock.ts"
import { LogBackend } from "../../src/log/LogBackend.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { PluginCatalog } from "../../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProcessTable } from "../../src/project/ProcessTable.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { PhaseRunner } from "../../src/run/PhaseRunner.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { Scheduler } from "../../src/schedule/Scheduler.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { SubjectRouter } from "../../src/subject/SubjectRouter.ts"
import { PluginTools } from "../../src/tools/PluginTools.ts"
import { Workflows } from "../../src/workflow/Workflows.ts"
import { manifest } from "../plugin/scripted.ts"
import { event } from "./Doubles.ts"
import { dispatch, entry, seen } from "./Samples.ts"

const task = Schema.decodeUnknownSync(Subject)({
  id: "task:1",
  kind: "task",
  title: "Repair",
  status: "ready",
  created_at: "a",
  updated_at: "b"
})
const head = (status: RunHead["status"]): RunHead => ({
  run: RunId.make(`run-${status}`),
  workflow: "fix",
  status,
  started_at: "t0",
  updated_at: "t1",
  sequence: 1
})
const problem = { file: "w.yaml", line: 3, column: 5, message: "no such phase" }
const gate = {
  id: "review",
  idempotency: "idempotent" as const,
  max_rework_attempts: 0,
  skip_if: [],
  on_verdict: {},
  mode: "manual" as const,
  instructions: "Look",
  approval_note_required: false
}
const begun: Array<SubjectDispatch> = []
const followed: Array<string> = []
const log = (id: string) => ({
  id,
  ts: id,
  level: "info" as const,
  source: "daemon" as const,
  target: "t",
  message: id
})
const status = (name: string, state: "running" | "disabled" | "idle") => ({
  name,
  state,
  pid: 1,
  restarts: 0,
  lastError: state === "disabled" ? "it broke" : undefined,
  startedAt: undefined
})

const working = (session: string, owner: string | undefined) => ({
  session: SessionId.make(session),
  status: "running" as const,
  provider: "exec",
  owner,
  model: "m",
  startedAt: "t0",
  finishedAt: undefined,
  lastError: undefined
})

const doubles = Layer.mergeAll(
  Layer.mock(SubjectRouter)({
    get: (id) =>
      id.startsWith("task:") ? Effect.succeed(task) : Effect.fail(new NoBackendForKind({ kind: "x", known: ["task"] })),
    next: () => Effect.succeed(undefined),
    list: () => Effect.succeed({ subjects: [task] })
  }),
  Layer.mock(Workflows)({
    find: (id = "standard") =>
      id === "broken"
        ? Effect.fail(new WorkflowInvalid({ problems: [problem] }))
        : Effect.succeed({ id, name: id, phases: [gate], variables: [{ name: "n", required: false }] })
  }),
  Layer.mock(Scheduler)({
    follow: (run, command) => Effect.andThen(Effect.sync(() => followed.push(run)), command),
    runNow: (dispatch) => Effect.as(Effect.sync(() => begun.push(dispatch)), head("running")),
    status: Effect.succeed({ paused: true, active: 0, capacity: 1 }),
    starting: Effect.succeed(new Map([[RunId.make("run-slow"), 0]])),
    troubles: Effect.succeed([]),
    pause: Effect.fail(new SessionStoreFailed({ reason: new StoreFull({ path: "q" }) }))
  }),
  Layer.mock(DispatchQueue)({
    list: Effect.succeed([
      entry(dispatch, "assigned", RunId.make("run-slow")),
      entry(dispatch, "pending"),
      entry(dispatch, "held")
    ]),
    stats: Effect.succeed({ pending: 1, held: 2, assigned: 3, done: 4, dropped: 5 })
  }),
  Layer.mock(RunEngine)({
    troubles: Effect.succeed([]),
    get: (run) => Effect.fail(new RunNotFound({ run })),
    resume: () => Effect.void,
    reject: () => Effect.void,
    retry: () => Effect.void,
    approve: ({ phase, run }) =>
      Effect.fail(new IllegalTransition({ run, command: `approve ${phase} of`, state: "running", next: "Wait." }))
  }),
  Layer.mock(SessionStore)({
    unreadable: Effect.succeed([]),
    location: () => undefined,
    heads: ({ status = ["running", "escalated"] }) => Effect.succeed({ heads: status.map(head), nextCursor: "more" })
  }),
  Layer.mock(PluginHost)({
    call: (plugin, method) =>
      plugin === "mute"
        ? Effect.fail(new RequestTimedOut({ plugin, method, millis: 3000 }))
        : method === "health/check"
        ? Effect.succeed({ status: "healthy", uptime_ms: 5 })
        : Effect.fail(new PluginRefused({ plugin, method, code: -32099, detail: "not today" })),
    statuses: Effect.succeed([
      status("well", "running"),
      status("mute", "running"),
      status("off", "disabled"),
      status("lazy", "idle")
    ])
  }),
  Layer.succeed(HostEnvironment, { env: {}, cookie: "c", generation: "2" }),
  Layer.mock(ProcessTable)({
    look: (belongs) =>
      Effect.sync(() => ({
        found: [seen(5, "old", 1, "1"), seen(6, "own", 1, "2"), seen(7, "child", 5)].filter(belongs),
        missed: 0
      }))
  }),
  Layer.mock(PluginCatalog)({
    discovery: Effect.succeed({ plugins: [], warnings: [] }),
    find: (name) => Effect.succeed({ name, path: `/${name}`, source: "user_dir", manifest })
  }),
  Layer.mock(PluginTools)({}),
  PluginLock.layerOpen,
  Layer.mock(LogBackend)({
    query: ({ limit }) => Effect.succeed({ entries: [log("1"), log("2")].slice(0, limit ?? 0), nextCursor: undefined }),
    tail: () => Effect.succeed(Stream.make(log("2"), log("3")))
  }),
  Layer.mock(AgentSessions)({ working: Effect.succeed([working("s1", "run-1"), working("s2", undefined)]) }),
  Layer.mock(PhaseRunner)({}),
  Layer.succeed(ProjectScope, {
    projectRoot: "/p",
    projectDir: "/p/.animus",
    configDir: "/c",
    scopeDir: "/c/p",
    socketPath: "/c/p/s"
  }),
  Notifications.layer,
  DaemonLifecycle.layer({ pid: 7, version: "1.2.3", logPath: "/l" })
)

const layer = ControlClient.layer.pipe(
  Layer.provide(ControlMemory.layer),
  Layer.provide(ControlServer.layer),
  Layer.provide(ControlHandlers),
  Layer.provideMerge(doubles)
)

describe("control handlers", () => {
  it.layer(layer)((it) => {
    it.effect("daemon/status and daemon/stop", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const lifecycle = yield* DaemonLifecycle
        const answered = yield* control["daemon/status"]({})
        expect(answered).toMatchObject({ running: true, pid: 7, version: "1.2.3", project_root: "/p", log_path: "/l" })
        expect(answered.paused).toBe(true)
        expect(answered.capabilities?.methods).toContain("workflow/approve")
        yield* lifecycle.ready
        expect(yield* lifecycle.state).toBe("running")
        yield* control["daemon/stop"]({ timeout_seconds: 9 })
        expect(yield* lifecycle.awaitStop).toMatchObject({ timeoutSeconds: 9 })
        expect(yield* lifecycle.state).toBe("stopping")
      }))

    it.effect("daemon/start finds it started, daemon/agents lists who works and for whom", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        for (const done of ["daemon/start", "daemon/nudge"] as const) expect(yield* control[done]({})).toStrictEqual({})
        const one = { provider: "exec", model: "m", started_at: "t0" }
        expect((yield* control["daemon/agents"]({})).agents).toStrictEqual([
          { ...one, session_id: "s1", workflow_id: "run-1" },
          { ...one, session_id: "s2" }
        ])
      }))

    it.effect("daemon/health asks each plugin that runs, and tells the truth of the others", () =>
      Effect.gen(function*() {
        const health = yield* (yield* ControlClient)["daemon/health"]({})
        expect(health.status).toBe("degraded")
        expect(health.plugins?.map(({ name, state, status }) => [name, state, status])).toStrictEqual([
          ["well", "running", "healthy"],
          ["mute", "running", "unhealthy"],
          ["off", "disabled", "unhealthy"],
          ["lazy", "idle", "healthy"]
        ])
        expect(health.plugins?.[2]?.last_error).toBe("it broke")
      }))

    it.effect("daemon/logs gives history, then what follows, each record once", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const ids = (follow: boolean) =>
          Effect.map(Stream.runCollect(control["daemon/logs"]({ follow })), (all) =>
            all.map((element) => "watching" in element ? "ack" : element.id))
        expect(yield* ids(false)).toStrictEqual(["ack", "1", "2"])
        expect(yield* ids(true)).toStrictEqual(["ack", "1", "2", "3"])
      }))

    it.effect("errors keep their words and get a category", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const refusals = [
          [control["subject/get"]({ id: "odd" }), "not_found", { error: "NoBackendForKind" }],
          [control["subject/list"]({}), "invalid_request", { error: "InvalidInput" }],
          [control["subject/next"]({}), "invalid_request", { error: "InvalidInput" }],
          [control["workflow/get"]({ id: "r" }), "not_found", { error: "RunNotFound" }],
          [control["workflow/get"]({ id: "../../etc" }), "not_found", { error: "RunNotFound" }],
          [control["workflow/approve"]({ id: "r", phase: "review" }), "conflict", { error: "IllegalTransition" }],
          [control["workflow/run"]({ task_id: "1", definition: "broken" }), "invalid_request", {
            error: "WorkflowInvalid",
            problems: [problem]
          }],
          [control["workflow/run"]({ task_id: "1", params: { vars: { a: [] } } }), "invalid_request", {
            error: "InvalidInput"
          }],
          [control["daemon/pause"]({}), "unavailable", { error: "SessionStoreFailed" }],
          [control["queue/drop"]({ id: "none" }), "not_found", { error: "QueueEntryNotFound" }],
          [control["queue/reorder"]({ position: "front" }), "invalid_request", { error: "InvalidInput" }],
          [control["queue/reorder"]({ id: "e-held", position: "before" }), "invalid_request", {
            error: "InvalidInput"
          }],
          [control["queue/list"]({ cursor: "x" }), "invalid_request", { error: "InvalidInput" }],
          [control["workflow/list"]({ cursor: "x" }), "invalid_request", { error: "InvalidInput" }],
          [control["plugin/call"]({ name: "p", method: "m" }), "internal", {
            error: "PluginRefused",
            plugin: "p",
            plugin_code: -32099
          }],
          [control["plugin/call"]({ name: "mute", method: "m" }), "unavailable", { error: "RequestTimedOut" }],
          [control["plugin/call"]({ name: "p", method: "shutdown" }), "invalid_request", { error: "InvalidInput" }]
        ] as const
        for (const [call, category, data] of refusals) {
          expect(yield* Effect.flip<unknown, unknown, never>(call)).toMatchObject({
            _tag: "ControlError",
            category,
            data
          })
        }
      }))

    it.effect("plugin/status tells each plugin's state, plugin/orphans what an earlier daemon left", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const { plugins } = yield* control["plugin/status"]({})
        expect(plugins.map(({ name, state }) => [name, state])).toStrictEqual([
          ["well", "running"],
          ["mute", "running"],
          ["off", "disabled"],
          ["lazy", "idle"]
        ])
        expect(yield* control["plugin/orphans"]({})).toStrictEqual({
          orphans: [
            { pid: 5, command: "old", plugin: "p", recognised_by: "its environment" },
            { pid: 7, command: "child", plugin: "p", recognised_by: "its parent" }
          ]
        })
      }))

    it.effect("workflow/run loads the task, with or without its prefix", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        begun.length = 0
        const answered = yield* control["workflow/run"]({ task_id: "1", params: { vars: { n: 3 }, extra: true } })
        expect(answered).toStrictEqual({ workflow_id: "run-running", status: "running", started_at: "t0" })
        yield* control["workflow/execute"]({ definition: "fix", params: { title: "By hand" } })
        expect(begun).toMatchObject([
          {
            subject: { kind: "animus.task", id: "task:1", title: "Repair" },
            workflow_ref: "standard",
            vars: { n: "3" },
            input: { extra: true }
          },
          { subject: { kind: "custom", id: "By hand" }, workflow_ref: "fix" }
        ])
      }))

    it.effect("every word that may set a run to work keeps a place for it", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        followed.length = 0
        yield* control["workflow/resume"]({ id: "resumed", force: false })
        yield* Effect.flip(control["workflow/approve"]({ id: "approved", phase: "review" }))
        yield* control["workflow/reject"]({ id: "rejected", phase: "review" })
        yield* control["workflow/retry"]({ id: "retried" })
        expect(followed).toStrictEqual(["resumed", "approved", "rejected", "retried"])
      }))

    it.effect("words of runs and queue entries are those of the wire", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const paused = yield* control["workflow/list"]({ status: "paused" })
        expect(paused.runs.map(({ id, status }) => [id, status])).toStrictEqual(
          ["waiting", "sleeping", "paused", "blocked", "escalated"].map((state) => [`run-${state}`, "paused"])
        )
        const escalated = yield* control["workflow/list"]({ state: "escalated" })
        expect(escalated.runs.map(({ state, status }) => [state, status])).toStrictEqual([["escalated", "paused"]])
        expect((yield* control["workflow/list"]({ status: "failed", state: "escalated" })).runs).toStrictEqual([])
        expect(paused.next_cursor).toBe("more")
        expect(yield* control["workflow/list"]({ status: "pending" })).toStrictEqual({ runs: [] })
        const page = yield* control["queue/list"]({ limit: 2 })
        expect(page.entries.map(({ status }) => status)).toStrictEqual(["in-flight", "ready"])
        expect(page.entries[0]).toMatchObject({ workflow_id: "run-slow", starting_since: "1970-01-01T00:00:00.000Z" })
        const rest = yield* control["queue/list"]({ limit: 2, ...(page.next_cursor && { cursor: page.next_cursor }) })
        expect(rest).toMatchObject({ entries: [{ id: "e-held", status: "held", subject_id: "task:1" }] })
        expect(yield* control["queue/stats"]({})).toStrictEqual({
          ready: 1,
          held: 2,
          in_flight: 3,
          done_recent: 4,
          dropped_recent: 5
        })
      }))

    it.effect("workflow/events of one run: only its kinds, until it has ended", () =>
      Effect.gen(function*() {
        const control = yield* ControlClient
        const notifications = yield* Notifications
        const standing = yield* Deferred.make<void>()
        const seen: Array<unknown> = []
        const publishing = Effect.andThen(
          Deferred.await(standing),
          notifications.publish("workflow", [
            event("other", "phase_started"),
            event("w", "phase_started"),
            event("w", "phase_failed"),
            event("w", "workflow_completed"),
            event("w", "phase_started")
          ])
        )
        const reading = control["workflow/events"]({ workflow_id: "w", kinds: ["phase_started"] }).pipe(
          Stream.runForEach((element) =>
            Effect.andThen(Effect.sync(() => seen.push(element)), Deferred.succeed(standing, undefined))
          )
        )
        yield* Effect.all([reading, publishing], { concurrency: 2 })
        expect(seen).toStrictEqual([{ watching: true }, event("w", "phase_started")])
      }))
  })
})
