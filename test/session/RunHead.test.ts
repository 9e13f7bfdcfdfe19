import { assert, describe, it } from "@effect/vitest"
import { runStarted } from "../../layers/Testing.ts"
import { RunId, SessionId } from "../../schemas/Ids.ts"
import type { RunEvent, RunHead } from "../../schemas/RunEvent.ts"
import { advanceHead, isFinished } from "../../src/session/RunHead.ts"

const run = RunId.make("run-1")
const at = (sequence: number) => `2026-01-01T00:00:${String(sequence).padStart(2, "0")}.000Z`

const fold = (...events: ReadonlyArray<RunEvent>) =>
  [runStarted("w"), ...events].reduce<RunHead | undefined>(
    (head, event, index) => advanceHead(head, run, { sequence: index + 1, at: at(index + 1), event }),
    undefined
  )

const phase = { phase: "review", attempt: 2 }
const started: RunEvent = { _tag: "PhaseStarted", ...phase, nonce: "n" }
const gate: RunEvent = { _tag: "GateOpened", ...phase, instructions: "look", note_required: false }
const blocked: RunEvent = { _tag: "RecoveryDecided", ...phase, action: "blocked", reason: "may have run" }
const resumed: RunEvent = { _tag: "RunResumed", force: true }
const question: RunEvent = {
  _tag: "InteractionRequested",
  ...phase,
  interaction: "q1",
  session: SessionId.make("s1"),
  kind: "question",
  summary: "which?",
  payload: {}
}
const answered = (open: number): RunEvent => ({
  _tag: "InteractionAnswered",
  ...phase,
  interaction: "q1",
  response: { answer: "this" },
  open
})
const failed: RunEvent = { _tag: "RunFailed", reason: "no" }

describe("the head of a run", () => {
  it("begins with the first event", () => {
    assert.deepStrictEqual(fold(), {
      run,
      workflow: "w",
      status: "running",
      subject_id: "T-1",
      started_at: at(1),
      updated_at: at(1),
      sequence: 1
    })
  })

  it("follows phase and attempt, and keeps them while nothing new starts", () => {
    const skipped: RunEvent = { _tag: "PhaseSkipped", phase: "later", guard: "x == 'y'" }
    assert.deepInclude(fold(started, skipped), { ...phase, status: "running", sequence: 3, updated_at: at(3) })
  })

  const cases: ReadonlyArray<readonly [string, ReadonlyArray<RunEvent>, Partial<RunHead>]> = [
    ["waits at a gate", [started, gate], { status: "waiting", reason: "look", ...phase }],
    ["sleeps while its provider is limited", [started, {
      _tag: "RateLimited",
      ...phase,
      until: at(9),
      reason: "429",
      begun: false
    }], { status: "sleeping", reason: "429", ...phase }],
    ["waits for an answer", [started, question], { status: "waiting", reason: "which?" }],
    ["waits for the last of several", [started, question, question, answered(1)], { status: "waiting" }],
    ["goes on after the last answer", [started, question, answered(0)], { status: "running" }],
    ["stays paused whatever is asked", [started, { _tag: "RunPaused", reason: "lunch" }, question, answered(0)], {
      status: "paused",
      reason: "lunch"
    }],
    ["goes on after a decision", [gate, { _tag: "GateDecided", ...phase, approved: true }], { status: "running" }],
    ["is blocked by recovery", [started, blocked], { status: "blocked", reason: "may have run", ...phase }],
    ["is running after any other recovery", [{ ...blocked, action: "rerun" }], { status: "running" }],
    ["is paused, with the reason", [{ _tag: "RunPaused", reason: "lunch" }], { status: "paused", reason: "lunch" }],
    ["escalates, and is not over", [{ _tag: "RunEscalated", reason: "budget" }], {
      status: "escalated",
      reason: "budget"
    }],
    ["completes", [{ _tag: "RunCompleted", reason: "ok" }], { status: "completed", reason: "ok", finished_at: at(2) }],
    ["runs again when it is retried", [started, failed, { _tag: "RunRetried", phase: "review" }], {
      status: "running"
    }],
    ["fails", [failed], { status: "failed", reason: "no", finished_at: at(2) }],
    ["is cancelled", [{ _tag: "RunCancelled", reason: "x" }], { status: "cancelled", reason: "x", finished_at: at(2) }]
  ]
  for (const [name, events, expected] of cases) it(name, () => assert.deepInclude(fold(...events), expected))

  it("loses reason and end when it is resumed", () => {
    for (const before of [blocked, failed]) {
      const head = fold(started, before, resumed)
      assert.strictEqual(head?.status, "running")
      assert.notProperty(head, "reason")
      assert.notProperty(head, "finished_at")
    }
  })

  it("is over in three states only", () => {
    const open = ["running", "waiting", "sleeping", "paused", "blocked", "escalated"] as const
    const over = ["completed", "failed", "cancelled"] as const
    assert.deepStrictEqual([open.some(isFinished), over.every(isFinished)], [false, true])
  })
})
