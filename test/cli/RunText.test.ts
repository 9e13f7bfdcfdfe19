import { assert, describe, it } from "@effect/vitest"
import { nextStep, soFar } from "../../src/cli/render/RunText.ts"

const row = { verdict: null, confidence: null, risk: null, reason: null, duration_ms: null, started_at: null }
const phase = (name: string, status: string, attempts: number) => ({
  ...row,
  phase: name,
  mode: "agent",
  status,
  attempts,
  finished_at: null,
  error: null
})

const run = (reason: string | null) => ({
  id: "r1",
  definition: "standard",
  status: "paused" as const,
  started_at: "2026-01-31T12:00:00.000Z",
  detail: {
    run: "r1",
    workflow: "standard",
    state: "waiting",
    reason,
    next: "animus workflow approve r1 review",
    subject: { id: "task:1", title: null },
    phase: "review",
    attempt: 1,
    phases: [phase("plan", "success", 1), phase("implement", "running", 2), phase("review", "pending", 0)],
    reworks: {},
    gate: null,
    recovery: [],
    definition_hash: "x",
    location: null
  }
})

describe("a run in a line", () => {
  it("ends the reason once, whoever wrote it", () => {
    const said = "r1 is waiting: Read it. Next: animus workflow approve r1 review"
    assert.strictEqual(nextStep(run("Read it.")), said)
    assert.strictEqual(nextStep(run("Read it")), said)
    assert.strictEqual(nextStep(run(null)), "r1 is waiting. Next: animus workflow approve r1 review")
  })

  it("says what has happened before anybody watched", () => {
    assert.strictEqual(soFar(run(null)), "so far: plan success (attempt 1), implement running (attempt 2)")
  })
})
