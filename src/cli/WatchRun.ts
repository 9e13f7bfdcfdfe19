/**
 * A run as it happens: its events, and what its agents and commands say in between. Ends when the run does, or when it waits
 * for somebody, and then says what to type.
 */
import { Effect, Stream } from "effect"
import type { AgentOutput } from "../../schemas/control/AgentRpcs.ts"
import type { WorkflowEvent } from "../../schemas/control/Events.ts"
import { ControlClient } from "../control/ControlClient.ts"
import { element } from "./Output.ts"
import { eventLine, outputLines } from "./render/EventText.ts"
import { nextStep } from "./render/RunText.ts"

type Item =
  | { readonly _tag: "Event"; readonly event: WorkflowEvent }
  | { readonly _tag: "Output"; readonly output: AgentOutput }
  | { readonly _tag: "Subscribed" }

const settling = new Set([
  "decision_needed",
  "workflow_paused",
  "workflow_completed",
  "workflow_failed",
  "workflow_cancelled"
])

const itemsOf = Effect.fnUntraced(function*(id: string) {
  const control = yield* ControlClient
  const events = control["workflow/events"]({ workflow_id: id }).pipe(
    Stream.map((event): Item =>
      "watching" in event ? { _tag: "Subscribed" } : { _tag: "Event", event: event as WorkflowEvent }
    )
  )
  const output = control["agent/watch"]({ workflow_id: id }).pipe(
    Stream.filter((output): output is AgentOutput => !("watching" in output)),
    Stream.map((output): Item => ({ _tag: "Output", output }))
  )
  return Stream.merge(events, output, { haltStrategy: "left" })
})

/** Looked at only once the subscription stands, so that what happened just before it is not waited for. */
const hasSettled = Effect.fnUntraced(function*(id: string, item: Item) {
  const control = yield* ControlClient
  switch (item._tag) {
    case "Output":
      return false
    case "Event":
      return settling.has(item.event.kind)
    case "Subscribed":
      return (yield* control["workflow/get"]({ id })).status !== "running"
  }
})

const show = (item: Item) => {
  switch (item._tag) {
    case "Event":
      return element(item.event, eventLine(item.event))
    case "Output":
      return element(item.output, outputLines(item.output))
    case "Subscribed":
      return Effect.void
  }
}

export const watchRun = Effect.fnUntraced(function*(id: string) {
  const control = yield* ControlClient
  const items = yield* itemsOf(id)
  yield* items.pipe(
    Stream.tap(show),
    Stream.takeUntilEffect((item) => hasSettled(id, item)),
    Stream.runDrain
  )
  const run = yield* control["workflow/get"]({ id })
  yield* element(run, nextStep(run))
})
