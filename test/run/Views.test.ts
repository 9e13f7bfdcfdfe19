/** What an operator reads of a run: for every state what it waits for and what to type, and what became of each phase. */
import { assert, describe, it } from "@effect/vitest"
import { RunId } from "../../schemas/Ids.ts"
import { type RunEvent, type RunStatus, RunStatus as Statuses } from "../../schemas/RunEvent.ts"
import { project } from "../../src/run/RunState.ts"
import { runDetail } from "../../src/run/RunView.ts"
import { agent, dispatch, manual, workflow } from "./World.ts"

const run = RunId.make("run-1")
const at = "2026-01-01T00:00:00.000Z"
const implement = { phase: "implement", attempt: 1 }
const review = { phase: "review", attempt: 1 }

const begun: RunEvent = {
  _tag: "RunStarted",
  definition: workflow(agent("implement"), manual("review", { timeout_secs: 60 })),
  definition_hash: "0",
  dispatch,
  vars: {}
}
const started: RunEvent = { _tag: "PhaseStarted", ...implement, nonce: "n" }
const recovered = (action: "resume" | "rerun" | "blocked"): RunEvent => ({
  _tag: "RecoveryDecided",
  ...implement,
  action,
  reason: `because ${action}`
})

const detailOf = (...events: ReadonlyArray<RunEvent>) =>
  runDetail(
    project(run, [begun, ...events].map((event, index) => ({ sequence: index + 1, at, event }))) ??
      assert.fail("no run")
  )

const states: { readonly [K in RunStatus]: readonly [ReadonlyArray<RunEvent>, string | undefined, string] } = {
  running: [[started], undefined, "animus workflow watch run-1"],
  waiting: [
    [{ _tag: "PhaseStarted", ...review, nonce: "n" }, {
      _tag: "GateOpened",
      ...review,
      instructions: "Look",
      note_required: true
    }],
    `a decision at gate "review"; without one it is rejected 60 s after ${at}`,
    "animus workflow approve run-1 review --note TEXT"
  ],
  sleeping: [
    [started, {
      _tag: "RateLimited",
      ...implement,
      until: "2026-01-01T01:00:00.000Z",
      reason: "too many requests",
      begun: true
    }],
    "too many requests; it goes on by itself at 2026-01-01T01:00:00.000Z, or is blocked then if its provider cannot " +
    "resume the session: phase \"implement\" is not marked idempotent",
    "animus workflow events run-1 --follow"
  ],
  paused: [[{ _tag: "RunPaused", reason: "lunch" }], "somebody to resume it", "animus workflow resume run-1"],
  blocked: [
    [started, recovered("blocked")],
    "somebody who has looked at what phase \"implement\" left",
    "animus workflow resume run-1 --force"
  ],
  escalated: [
    [started, { _tag: "RunEscalated", reason: "budget" }],
    "somebody to say how it is to go on",
    "animus workflow resume run-1 --feedback TEXT"
  ],
  completed: [[{ _tag: "RunCompleted", reason: "done" }], undefined, "animus workflow journal run-1"],
  failed: [[started, { _tag: "RunFailed", reason: "no" }], undefined, "animus workflow journal run-1"],
  cancelled: [[{ _tag: "RunCancelled", reason: "enough" }], undefined, "animus workflow journal run-1"]
}

describe("a run", () => {
  it.each(Statuses.literals)("that is %s", (state) => {
    const [events, waits, next] = states[state]
    const detail = detailOf(...events)
    assert.deepStrictEqual([detail.state, detail.waits_for, detail.next], [state, waits, next])
  })
})

describe("a phase that had been cut off", () => {
  it.each([["resume", "resumed"], ["rerun", "re-run"], ["blocked", "blocked"]] as const)(
    "%s: %s",
    (action, outcome) => {
      const [row, other] = detailOf(started, recovered(action)).phases
      assert.deepStrictEqual(row?.recovery, { outcome, reason: `because ${action}` })
      assert.notProperty(other, "recovery")
    }
  )
})
