import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as Test from "../../layers/Test.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"

const common = { idempotency: "idempotent", max_rework_attempts: 3, skip_if: [], on_verdict: {} } as const

const workflow: WorkflowDefinition = {
  id: "standard",
  name: "standard",
  variables: [],
  phases: [
    { ...common, mode: "agent", id: "implement", agent: "coder", tool: "memory", timeout_secs: 60, max_attempts: 1 },
    { ...common, mode: "manual", id: "review", instructions: "Look at it.", approval_note_required: true }
  ]
}

const settles = (run: string) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    return yield* control["workflow/events"]({ workflow_id: run }).pipe(
      Stream.mapEffect(() => control["workflow/get"]({ id: run })),
      Stream.takeUntil(({ status }) => status !== "running"),
      Stream.runLast
    )
  })

describe("the daemon over doubles", () => {
  const prompts: Array<string> = []
  const daemon = Test.layer({
    workflows: [workflow],
    agent: ({ request }) => Effect.sync(() => prompts.push(request.prompt)).pipe(Effect.as("all done"))
  })

  it.effect("drives a whole run: task, agent, gate, done", () =>
    Effect.gen(function*() {
      const control = yield* ControlClient
      const task = yield* control["subject/create"]({ kind: "task", title: "Mend the totals", body: "sum is wrong" })
      const { workflow_id: run } = yield* control["workflow/run"]({ task_id: task.id, params: {} })
      yield* settles(run)
      assert.include(prompts[0], "sum is wrong")

      const refused = yield* Effect.flip(control["workflow/approve"]({ id: run, phase: "review" }))
      assert.strictEqual(refused._tag === "ControlError" && refused.category, "invalid_request")
      yield* control["workflow/approve"]({ id: run, phase: "review", note: "fine" })
      yield* settles(run)
      assert.strictEqual((yield* control["workflow/get"]({ id: run })).status, "completed")
      assert.strictEqual((yield* control["subject/get"]({ id: task.id })).status, "done")
    }).pipe(Effect.provide(daemon)))
})
