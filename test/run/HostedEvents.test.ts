/** What strangers' runners say, in whatever order and however often, becomes a history that the fold understands. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import { RunId } from "../../schemas/Ids.ts"
import { RunEvent } from "../../schemas/RunEvent.ts"
import { RunnerPhaseEvent, type WorkflowExecuted } from "../../schemas/WorkflowRunner.ts"
import { HostedEvents } from "../../src/run/HostedEvents.ts"
import { project } from "../../src/run/RunState.ts"
import { agent, dispatch, workflow } from "./World.ts"

const executed = (more: Partial<WorkflowExecuted> = {}): WorkflowExecuted => ({
  workflow_id: "r",
  workflow_ref: "build",
  workflow_status: "completed",
  subject_id: "s",
  execution_cwd: "/",
  phases_requested: [],
  phases_completed: 0,
  phases_total: 0,
  total_duration_secs: 0,
  phase_results: [],
  post_success: null,
  success: true,
  phase_events: [],
  ...more
})

const isEvent = Schema.is(RunEvent)
const isPhaseEvent = Schema.is(RunnerPhaseEvent)
const notice = (params: unknown) => ({ jsonrpc: "2.0" as const, method: "workflow/phase_event", params })
const event = (kind: string, payload: object) => notice({ workflow_id: "r", kind, payload })
const tags = (events: ReadonlyArray<RunEvent>) =>
  events.map((one) => "phase" in one ? `${one._tag} ${one.phase} ${"attempt" in one ? one.attempt : ""}` : one._tag)

describe("what a runner says of its phases", () => {
  it("may be in the words of its answer or of the control protocol", () => {
    const events = new HostedEvents("theirs")
    const now = 1000
    assert.deepStrictEqual(
      [
        ...events.notified(notice({ workflow_id: "r", kind: "started", phase_id: "a", attempt: 1, ts: "" }), now),
        ...events.notified(event("phase_completed", { phase_id: "a", phase_status: "completed" }), now + 70),
        ...events.notified(event("phase_started", { phase_id: "b", phase_attempt: 2 }), now),
        ...events.notified(event("phase_failed", { phase_id: "b", phase_attempt: 2, error: "no room" }), now)
      ].map((one) => "duration_ms" in one ? [one._tag, one.duration_ms] : one._tag),
      ["PhaseStarted", ["PhaseCompleted", 70], "PhaseStarted", ["PhaseFailed", 0]]
    )
    assert.strictEqual(events.trouble, "no room")
  })

  it("counts attempts where it does not, and tells rework and closing by its status", () => {
    const events = new HostedEvents("theirs")
    const told = events.answered(
      executed({
        phase_events: [
          { kind: "started", phase_id: "a", attempt: 1, ts: "" },
          { kind: "completed", phase_id: "a", status: "rework", ts: "" },
          { kind: "started", phase_id: "a", attempt: 2, ts: "" },
          { kind: "decision", phase_id: "a", verdict: "skip", confidence: 0.4, ts: "" },
          { kind: "completed", phase_id: "a", status: "closed", ts: "" },
          { kind: "something_new" }
        ]
      }),
      0
    )
    assert.deepStrictEqual(tags(told), [
      "PhaseStarted a 1",
      "PhaseCompleted a 1",
      "PhaseStarted a 2",
      "PhaseCompleted a 2"
    ])
    const decisions = told.flatMap((one) => one._tag === "PhaseCompleted" ? [one.decision] : [])
    assert.deepStrictEqual(
      decisions.map(({ confidence, source, verdict }) => [verdict, confidence, source]),
      [["rework", 1, "default"], ["skip", 0.4, "agent"]]
    )
  })

  it("has its results alone, where it tells no events", () => {
    const result = { phase_id: "a", status: "failed", duration_secs: 2, outcome: { why: "x" }, metadata: null } as const
    const told = new HostedEvents("theirs").answered(executed({ phase_results: [result] }), 0)
    assert.deepStrictEqual(tags(told), ["PhaseStarted a 1", "PhaseCompleted a 1"])
    assert.deepInclude(told[1], { duration_ms: 2000, output: `{"why":"x"}` })
  })

  it("is no fact where it names no phase, or another thing altogether", () => {
    const events = new HostedEvents("theirs")
    for (const params of [undefined, null, [], "text", {}, { kind: "started" }, { kind: 7, phase_id: "a" }]) {
      assert.deepStrictEqual(events.notified(notice(params), 0), [])
    }
    assert.deepStrictEqual(
      events.notified(event("phase_completed", { phase_id: "a", phase_status: "manual_pending" }), 0),
      []
    )
  })

  it("is of attempts that the run did not have, when it is handed over again", () => {
    const before = [{ id: "a", attempt: 2 }, { id: "b", attempt: 1 }, { id: "c", attempt: 0 }]
    const started = (phase_id: string, attempt: number) => ({ kind: "started" as const, phase_id, attempt, ts: "" })
    const completed = (phase_id: string) => ({ kind: "completed" as const, phase_id, status: "completed", ts: "" })
    const events = new HostedEvents("theirs", before)
    const live = [started("a", 1), completed("a"), started("b", 2)].flatMap((params) =>
      events.notified(notice({ workflow_id: "r", ...params }), 0)
    )
    assert.deepStrictEqual(tags(live), ["PhaseStarted a 3", "PhaseCompleted a 3", "PhaseStarted b 2"])
    const told = events.answered(
      executed({
        phase_events: [
          started("a", 1),
          completed("a"),
          started("a", 2),
          completed("a"),
          started("b", 2),
          completed("b"),
          completed("c")
        ]
      }),
      0
    )
    assert.deepStrictEqual(tags(told), [
      "PhaseStarted a 4",
      "PhaseCompleted a 4",
      "PhaseCompleted b 2",
      "PhaseStarted c 1",
      "PhaseCompleted c 1"
    ])
  })

  it("is folded whatever it is, however often it is handed over, and no end of an attempt is there twice", () => {
    const word = fc.record({
      kind: fc.constantFrom(
        "started",
        "decision",
        "completed",
        "phase_started",
        "phase_completed",
        "phase_failed",
        "x"
      ),
      phase_id: fc.constantFrom("a", "b", "stranger"),
      attempt: fc.constantFrom(undefined, 0, 1, 2, 3, 1.5, -1, Number.MAX_SAFE_INTEGER, 1e300),
      status: fc.constantFrom("completed", "rework", "closed", "failed", "manual_pending", "decision", "other"),
      verdict: fc.constantFrom("advance", "fail", "nonsense")
    })
    const words = fc.array(word, { maxLength: 20 })
    const handOvers = fc.array(fc.record({ said: words, answered: words }), { minLength: 1, maxLength: 3 })
    fc.assert(fc.property(handOvers, (handOvers) => {
      const started: RunEvent = {
        _tag: "RunStarted",
        definition: workflow(agent("a"), agent("b")),
        definition_hash: "",
        dispatch,
        vars: {},
        runner: "theirs"
      }
      const told: Array<RunEvent> = []
      const stateOf = () =>
        project(
          RunId.make("r"),
          [started, ...told].map((event, at) => ({ sequence: at + 1, at: "1970-01-01T00:00:00Z", event }))
        )
      for (const { answered, said } of handOvers) {
        const events = new HostedEvents("theirs", stateOf()?.phases)
        told.push(...said.flatMap((params) => events.notified(notice(params), 0)))
        told.push(...events.answered(
          executed({ phase_events: answered.map((one) => ({ ...one, ts: "" })).filter(isPhaseEvent) }),
          0
        ))
      }
      for (const about of [["PhaseStarted"], ["PhaseCompleted", "PhaseFailed"]]) {
        const attempts = told.filter(({ _tag }) => about.includes(_tag)).map((one) =>
          "attempt" in one ? `${one.phase} ${one.attempt}` : ""
        )
        assert.strictEqual(new Set(attempts).size, attempts.length)
      }
      assert.isTrue(told.every(isEvent), "an event that no journal would take")
      const state = stateOf()
      assert.strictEqual(state?.runner, "theirs")
      assert.includeMembers(
        (state?.phases ?? []).map(({ id }) => id),
        told.flatMap((one) => "phase" in one ? [one.phase] : [])
      )
    }))
  })
})
