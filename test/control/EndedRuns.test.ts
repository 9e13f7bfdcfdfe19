/** `workflow/events` of one run, on raw bytes: who comes too late hears the end, and is let go. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { runStarted } from "../../layers/Testing.ts"
import { RunNotFound } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"
import { WorkflowHandlers } from "../../src/control/handlers/WorkflowHandlers.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { project } from "../../src/run/RunState.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { Scheduler } from "../../src/schedule/Scheduler.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { SubjectRouter } from "../../src/subject/SubjectRouter.ts"
import { Workflows } from "../../src/workflow/Workflows.ts"
import * as Doubles from "./Doubles.ts"
import * as Wire from "./Wire.ts"

const at = "2026-01-01T00:00:00.000Z"

const runs = new Map<string, ReadonlyArray<RunEvent>>([
  ["completed", [{ _tag: "RunCompleted", reason: "done" }]],
  ["failed", [{ _tag: "RunFailed", reason: "no" }]],
  ["cancelled", [{ _tag: "RunCancelled", reason: "enough" }]],
  ["escalated", [{ _tag: "RunEscalated", reason: "help" }]],
  ["running", []]
])

const journal = (run: string) => {
  const events = runs.get(run)
  return events === undefined
    ? Effect.fail(new RunNotFound({ run: RunId.make(run) }))
    : Effect.succeed([runStarted("w"), ...events].map((event, index) => ({ sequence: index + 1, at, event })))
}

const layer = ControlServer.layer.pipe(
  Layer.provide(WorkflowHandlers),
  Layer.provide(Layer.unwrap(Effect.map(Doubles.steering, Doubles.handlers))),
  Layer.provide(Layer.mergeAll(
    Layer.mock(RunEngine)({
      get: (run) => Effect.map(journal(run), (entries) => project(run, entries) ?? assert.fail("no run"))
    }),
    Layer.mock(SessionStore)({
      location: () => undefined,
      read: (run, after = 0) => Effect.map(journal(run), (all) => all.slice(after))
    }),
    Layer.mock(Scheduler)({}),
    Layer.mock(DispatchQueue)({}),
    Layer.mock(SubjectRouter)({}),
    Layer.mock(Workflows)({})
  )),
  Layer.provideMerge(Notifications.layer)
)

const ack = `{"jsonrpc":"2.0","id":1,"result":{"watching":true}}`
const event = (run: string, kind: string, payload: object) =>
  `{"jsonrpc":"2.0","method":"workflow/event","params":{"id":1,"data":${
    JSON.stringify({ workflow_id: run, kind, payload, occurred_at: at, sequence: 2, cursor: "2" })
  }}}`
const closed = (run: string, kind: string) =>
  `{"jsonrpc":"2.0","method":"subscription/closed","params":{"id":1,"reason":"workflow ${run} has ended: ${kind}"}}`
const ping = `{"jsonrpc":"2.0","id":2,"result":{"running":true,"version":"1"}}`

const lines = (params: object, count: number) =>
  Effect.gen(function*() {
    const { lines, send } = yield* Wire.connect
    yield* send(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "workflow/events", params })}\n`)
    const heard = yield* lines(count)
    yield* send(`{"jsonrpc":"2.0","id":2,"method":"daemon/status"}\n`)
    return [...heard, ...yield* lines(1)]
  }).pipe(Effect.scoped, Effect.provide(layer))

describe("workflow/events of one run", () => {
  it.effect.each<readonly [string, string, object]>([
    ["completed", "workflow_completed", { final_status: "completed", reason: "done" }],
    ["failed", "workflow_failed", { final_status: "failed", reason: "no" }],
    ["cancelled", "workflow_cancelled", { reason: "enough" }]
  ])("that is %s: its last event, and the end of the stream", ([run, kind, payload]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* lines({ workflow_id: run }, 3), [
        ack,
        event(run, kind, payload),
        closed(run, kind),
        ping
      ])
      assert.deepStrictEqual(yield* lines({ workflow_id: run, kinds: ["phase_started"] }, 2), [
        ack,
        closed(run, kind),
        ping
      ])
    }))

  it.effect.each(["running", "escalated", "unheard-of", "not a run's name"])(
    "that is %s: stays open",
    (run) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* lines({ workflow_id: run }, 1), [ack, ping])
      })
  )
})
