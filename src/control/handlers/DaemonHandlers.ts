/** `daemon/*`: what the daemon is, how it and its plugins feel, what it says, and asking it to pause or end. */
import { Clock, Effect, Option, Schema, Stream } from "effect"
import { DaemonRpcs } from "../../../schemas/control/DaemonRpcs.ts"
import { PluginHealth } from "../../../schemas/Health.ts"
import { AgentSessions } from "../../agent/AgentSessions.ts"
import { LogBackend } from "../../log/LogBackend.ts"
import { Notifications } from "../../notify/Notifications.ts"
import { registryFault } from "../../plugin/Discovery.ts"
import { PluginCatalog } from "../../plugin/PluginCatalog.ts"
import { PluginHost, type PluginStatus } from "../../plugin/PluginHost.ts"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { RunEngine } from "../../run/RunEngine.ts"
import { Scheduler } from "../../schedule/Scheduler.ts"
import { SessionStore } from "../../session/SessionStore.ts"
import { kindClashes } from "../../subject/SubjectRouter.ts"
import { controlMethods } from "../ControlCodec.ts"
import { answer, done } from "../ControlFailure.ts"
import { DaemonLifecycle } from "../DaemonLifecycle.ts"
import { logQueryOf } from "../LogRequest.ts"
import { acknowledged, watchTopic } from "../Watch.ts"
import { makeMetrics } from "./Metrics.ts"

const PROBE_MILLIS = 3000

const decodeHealth = Schema.decodeUnknownOption(PluginHealth)

/** A plugin that is up says itself how it feels; one that has no `health/check` is as healthy as it is alive. */
const probe = Effect.fnUntraced(function*(host: PluginHost["Service"], { lastError, name, state }: PluginStatus) {
  const last = lastError === undefined ? {} : { last_error: lastError }
  switch (state) {
    case "idle":
      return { status: "healthy" as const }
    case "starting":
    case "backing-off":
      return { status: "degraded" as const, ...last }
    case "disabled":
    case "stopped":
      return { status: "unhealthy" as const, ...last }
    case "running":
      return yield* host.call(name, "health/check", {}, { timeout: PROBE_MILLIS }).pipe(
        Effect.map((answered) => {
          const health = decodeHealth(answered)
          if (Option.isNone(health)) {
            return { status: "unhealthy" as const, last_error: "its health/check answer cannot be read" }
          }
          const { last_error, status, uptime_ms } = health.value
          return {
            status,
            ...(uptime_ms === undefined ? {} : { uptime_ms }),
            ...(last_error === undefined ? last : { last_error })
          }
        }),
        Effect.catch((error) =>
          Effect.succeed(
            error._tag === "MethodNotSupported" || (error._tag === "PluginRefused" && error.code === -32601)
              ? { status: "healthy" as const, ...last }
              : { status: "unhealthy" as const, last_error: error.message }
          )
        )
      )
  }
})

const unreadableRuns = (store: SessionStore["Service"]) =>
  Effect.match(store.unreadable, {
    onFailure: ({ message }) => [message],
    onSuccess: (runs) => runs.map(({ failure, run }) => `run ${run} cannot be read: ${failure.message}`)
  })

const makeHealth = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const host = yield* PluginHost
  const lifecycle = yield* DaemonLifecycle
  const store = yield* SessionStore
  const engine = yield* RunEngine
  const scheduler = yield* Scheduler
  return Effect.gen(function*() {
    const discovery = yield* catalog.discovery
    const kinds = new Map(discovery.plugins.map(({ manifest, name }) => [name, manifest.plugin_kind]))
    const statuses = yield* host.statuses
    const rows = yield* Effect.forEach(
      statuses,
      (status) =>
        Effect.map(
          probe(host, status),
          (row) => ({ name: status.name, kind: kinds.get(status.name) ?? "unknown", state: status.state, ...row })
        ),
      {
        concurrency: 16
      }
    )
    const sick = rows.filter(({ status }) => status === "unhealthy" || status === "degraded")
    const settled = (yield* lifecycle.state) === "running"
    const registry = registryFault(discovery)
    const troubles = [
      ...registry === undefined ? [] : [registry],
      ...kindClashes(discovery).map(({ message }) => message),
      ...sick.length === 0 ? [] : [`not well: ${sick.map(({ name }) => name).join(", ")}`],
      ...yield* unreadableRuns(store),
      ...(yield* engine.troubles).map(({ detail, run }) => `run ${run} ${detail}`),
      ...yield* scheduler.troubles
    ]
    return {
      status: troubles.length === 0 && settled ? "healthy" as const : "degraded" as const,
      plugins: rows,
      ...(troubles.length === 0 ? {} : { last_error: troubles.join("; ") })
    }
  })
})

const makeStatus = Effect.gen(function*() {
  const lifecycle = yield* DaemonLifecycle
  const scope = yield* ProjectScope
  const scheduler = yield* Scheduler
  return Effect.map(Effect.all([Clock.currentTimeMillis, scheduler.status]), ([now, { paused }]) => ({
    running: true,
    pid: lifecycle.identity.pid,
    uptime_seconds: Math.max(0, now - lifecycle.startedAt) / 1000,
    version: lifecycle.identity.version,
    project_root: scope.projectRoot,
    log_path: lifecycle.identity.logPath,
    paused,
    capabilities: { methods: controlMethods }
  }))
})

/** Only a run owns sessions; one with no run around it has no owner. */
const makeAgents = Effect.map(AgentSessions, ({ working }) =>
  Effect.map(working, (sessions) => ({
    agents: sessions.map(({ model, owner, provider, session, startedAt }) => ({
      session_id: session,
      provider,
      model,
      ...(owner === undefined ? {} : { workflow_id: owner }),
      started_at: startedAt
    }))
  })))

export const DaemonHandlers = DaemonRpcs.toLayer(Effect.gen(function*() {
  const lifecycle = yield* DaemonLifecycle
  const log = yield* LogBackend
  const notifications = yield* Notifications
  const scheduler = yield* Scheduler
  const health = yield* makeHealth
  const status = yield* makeStatus
  const agents = yield* makeAgents
  const metrics = yield* makeMetrics
  return DaemonRpcs.of({
    "daemon/status": () => status,
    "daemon/health": () => health,
    "daemon/start": () => Effect.succeed({}),
    "daemon/agents": () => agents,
    "daemon/metrics": () => metrics,
    // The scheduler looks whenever something has changed: there is nothing to wake.
    "daemon/nudge": () => Effect.succeed({}),
    "daemon/stop": ({ timeout_seconds }) =>
      Effect.as(
        lifecycle.requestStop({ reason: "asked over the control socket", timeoutSeconds: timeout_seconds }),
        {}
      ),
    "daemon/pause": () => done(scheduler.pause),
    "daemon/resume": () => done(scheduler.resume),
    "daemon/events": () => acknowledged(watchTopic(notifications, "daemon", "skip")),
    "daemon/logs": ({ follow, ...request }) => {
      const query = logQueryOf(request)
      return acknowledged(Effect.gen(function*() {
        // The tail stands before history is read: what is written in between is in both, and told apart by its id.
        const tail = follow ? yield* log.tail(query) : Stream.empty
        const { entries } = yield* answer(log.query(query))
        const told = new Set(entries.map(({ id }) => id))
        return Stream.concat(Stream.fromIterable(entries), Stream.filter(tail, ({ id }) => !told.has(id)))
      }))
    }
  })
}))
