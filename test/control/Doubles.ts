/** Handlers with behaviours that tests can steer, behind the real control server. */
import { Deferred, Effect, Layer, Stream } from "effect"
import { ControlApi } from "../../schemas/control/ControlApi.ts"
import { ControlError } from "../../schemas/control/ControlError.ts"
import { watching } from "../../schemas/control/Watch.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"
import { ended, lagged } from "../../src/control/StreamEnd.ts"

export interface Steering {
  /** How often a handler was interrupted. */
  interrupted: number
  /** How many batches the flood has brought forth. */
  produced: number
  readonly interruption: Deferred.Deferred<void>
  readonly release: Deferred.Deferred<void>
}

export const steering = Effect.map(
  Effect.all([Deferred.make<void>(), Deferred.make<void>()]),
  ([interruption, release]): Steering => ({ interrupted: 0, produced: 0, interruption, release })
)

const unused = () => Effect.die(new Error("not part of this test"))
const unwatched = () => Stream.die(new Error("not part of this test"))

export const event = (workflow_id: string, kind: string) => ({
  workflow_id,
  kind,
  payload: null,
  occurred_at: "2026-01-01T00:00:00Z"
})

const counted = (steering: Steering) =>
  Effect.andThen(
    Effect.sync(() => {
      steering.interrupted++
    }),
    Deferred.succeed(steering.interruption, undefined)
  )

const subject = (id: string) => ({
  id,
  kind: "task",
  title: "t",
  status: "ready" as const,
  labels: [],
  children: [],
  created_at: "a",
  updated_at: "b",
  custom: {},
  attachments: []
})

/** What `workflow/events {workflow_id}` does, by that id. */
const events = (steering: Steering, workflow: string | undefined) => {
  switch (workflow) {
    case "refused":
      return Stream.fail(new ControlError({ category: "not_found", message: "no run" }))
    case "lagging":
      return Stream.concat(Stream.make(watching, event("w", "phase_started")), Stream.fail(lagged()))
    case "ending":
      return Stream.concat(Stream.make(watching, event("w", "workflow_completed")), Stream.fail(ended("w has ended")))
    case "broken":
      return Stream.concat(Stream.succeed(watching), Stream.die(new Error("boom")))
    case "flood":
      return Stream.concat(
        Stream.succeed(watching),
        Stream.forever(Stream.suspend(() => {
          steering.produced++
          return Stream.fromIterable(Array.from({ length: 64 }, () => event("w", "x".repeat(4096))))
        }))
      ).pipe(Stream.ensuring(counted(steering)))
    default:
      return Stream.concat(Stream.make(watching, event(workflow ?? "any", "phase_started")), Stream.never).pipe(
        Stream.ensuring(counted(steering))
      )
  }
}

export const handlers = (steering: Steering) =>
  ControlApi.toLayer({
    "daemon/status": () => Effect.succeed({ running: true, version: "1" }),
    "daemon/agents": unused,
    "daemon/stop": () => Effect.as(Deferred.succeed(steering.release, undefined), {}),
    "daemon/pause": () =>
      Effect.as(Deferred.await(steering.release), {}).pipe(Effect.onInterrupt(() => counted(steering))),
    "daemon/health": () => Effect.die(new Error("boom")),
    "daemon/logs": () => Stream.make(watching),
    "subject/get": ({ id }) =>
      id === "missing"
        ? Effect.fail(new ControlError({ category: "not_found", message: "no such subject", data: { error: "X" } }))
        : Effect.succeed(subject(id)),
    "plugin/call": ({ params }) => Effect.succeed(params),
    "workflow/events": ({ workflow_id }) => events(steering, workflow_id),
    "daemon/start": unused,
    "daemon/metrics": unused,
    "daemon/nudge": unused,
    "daemon/resume": unused,
    "daemon/events": unwatched,
    "subject/list": unused,
    "subject/create": unused,
    "subject/update": unused,
    "subject/next": unused,
    "subject/status": unused,
    "subject/watch": unwatched,
    "queue/list": unused,
    "queue/enqueue": unused,
    "queue/drop": unused,
    "queue/hold": unused,
    "queue/release": unused,
    "queue/reorder": unused,
    "queue/stats": unused,
    "trigger/fire": unused,
    "workflow/list": unused,
    "workflow/get": unused,
    "workflow/run": unused,
    "workflow/execute": unused,
    "workflow/pause": unused,
    "workflow/resume": unused,
    "workflow/cancel": unused,
    "workflow/approve": unused,
    "workflow/reject": unused,
    "workflow/retry": unused,
    "workflow/bulk": unused,
    "workflow/prune": unused,
    "workflow/fork": unused,
    "agent/run": unused,
    "agent/launch": unwatched,
    "agent/status": unused,
    "agent/cancel": unused,
    "agent/respond": unused,
    "agent/watch": unwatched,
    "plugin/list": unused,
    "plugin/info": unused,
    "plugin/ping": unused,
    "plugin/status": unused,
    "plugin/stop": unused,
    "plugin/restart": unused,
    "plugin/orphans": unused
  })

export const server = (steering: Steering) => Layer.provide(ControlServer.layer, handlers(steering))
