/** A run that is watched over two connections that the test holds in its hand: what comes on one may overtake the other. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Queue, Stream } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import * as ControlMemory from "../../layers/ControlMemory.ts"
import { type AgentOutput, SETTLED } from "../../schemas/control/AgentRpcs.ts"
import { ControlApi } from "../../schemas/control/ControlApi.ts"
import type { WorkflowEvent } from "../../schemas/control/Events.ts"
import { watching } from "../../schemas/control/Watch.ts"
import { Json } from "../../src/cli/GlobalFlags.ts"
import { beginAndWatch } from "../../src/cli/WatchRun.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"
import * as Doubles from "../control/Doubles.ts"

const at = "2026-01-01T00:00:01Z"
const event = (kind: string, workflow_id = "r"): WorkflowEvent => ({ workflow_id, kind, payload: {}, occurred_at: at })
const said = (kind: string, text: string, workflow_id = "r"): AgentOutput => ({
  workflow_id,
  phase_id: "plan",
  attempt: 1,
  session_id: "s",
  kind,
  text
})

const makeWatched = Effect.gen(function*() {
  const events = yield* Queue.unbounded<WorkflowEvent>()
  const outputs = yield* Queue.unbounded<AgentOutput>()
  const run = { id: "r", definition: "build", status: "completed" as const, started_at: at, detail: null }
  const client = ControlClient.layer.pipe(
    Layer.provide(ControlMemory.layer),
    Layer.provide(ControlServer.layer),
    Layer.provide([
      ControlApi.toLayerHandler("workflow/get", () => Effect.succeed(run)),
      ControlApi.toLayerHandler(
        "workflow/events",
        () => Stream.concat(Stream.succeed(watching), Stream.fromQueue(events))
      ),
      ControlApi.toLayerHandler("agent/watch", () => Stream.concat(Stream.succeed(watching), Stream.fromQueue(outputs)))
    ]),
    Layer.provide(Layer.unwrap(Effect.map(Doubles.steering, Doubles.handlers)))
  )
  const begun = yield* Queue.unbounded<string>()
  const watch = beginAndWatch(Effect.tap(Effect.succeed("r"), (id) => Queue.offer(begun, id))).pipe(
    Effect.provide(client),
    Effect.provideService(Json, false)
  )
  const watched = yield* Effect.forkChild(watch)
  yield* Queue.take(begun)
  return { events, outputs, watched, lines: TestConsole.logLines, asides: TestConsole.errorLines }
})

const turns = Effect.replicateEffect(Effect.yieldNow, 100, { discard: true })

describe("a watched run", () => {
  it.effect("is over when its agents' last words have arrived, though its end came first", () =>
    Effect.gen(function*() {
      const { events, lines, outputs, watched } = yield* makeWatched
      yield* Queue.offerAll(events, [event("phase_started"), event("workflow_completed")])
      yield* turns
      assert.isUndefined(watched.pollUnsafe())
      yield* Queue.offerAll(outputs, [said("output", "the last word"), said(SETTLED, at)])
      yield* Fiber.join(watched)
      const shown = (yield* lines).join("\n")
      assert.include(shown, "plan | the last word")
      assert.notInclude(shown, at)
      assert.deepStrictEqual(yield* TestConsole.errorLines, [])
    }))

  it.effect("is over at its end when the last words came first; other runs' have no say", () =>
    Effect.gen(function*() {
      const { events, outputs, watched } = yield* makeWatched
      yield* Queue.offerAll(outputs, [said(SETTLED, at, "another"), said("output", "done"), said(SETTLED, "2025")])
      yield* Queue.offerAll(events, [event("phase_started"), event("workflow_completed", "another")])
      yield* turns
      yield* Queue.offer(outputs, said(SETTLED, at))
      yield* turns
      assert.isUndefined(watched.pollUnsafe())
      yield* Queue.offer(events, event("workflow_completed"))
      yield* Fiber.join(watched)
    }))

  it.effect("does not wait for ever for last words, and says that some may be missing", () =>
    Effect.gen(function*() {
      const { asides, events, watched } = yield* makeWatched
      yield* Queue.offer(events, event("workflow_completed"))
      yield* turns
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(watched)
      assert.match((yield* asides).join("\n"), /not all that was said has arrived.*animus workflow get r/)
    }))
})
