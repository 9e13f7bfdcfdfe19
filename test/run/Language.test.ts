/** The workflow language as tables and as properties over random workflows with random outcomes. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import { RunDetail } from "../../schemas/control/RunDetail.ts"
import { JournalEntry, type RunEvent } from "../../schemas/RunEvent.ts"
import type { AgentPhase, PhaseDecision, VerdictRule, WorkflowDefinition } from "../../schemas/Workflow.ts"
import { wordsOf } from "../../src/run/ActionEvent.ts"
import { type Action, decide } from "../../src/run/Decide.ts"
import { project, type RunState } from "../../src/run/RunState.ts"
import { runDetail } from "../../src/run/RunView.ts"
import { workflowEvents } from "../../src/run/WorkflowEvents.ts"
import { isFinished } from "../../src/session/RunHead.ts"
import { agent, command, decision, dispatch, manual, run, workflow } from "./World.ts"

const isDetail = Schema.is(RunDetail)

const rule = (target: string, more: Partial<VerdictRule> = {}): VerdictRule => ({
  target,
  allow_agent_target: false,
  allowed_targets: [],
  ...more
})

const at = "2026-01-01T00:00:00.000Z"
const now = Date.parse(at)
const journal = (events: ReadonlyArray<RunEvent>): ReadonlyArray<JournalEntry> =>
  events.map((event, index) => ({ sequence: index + 1, at, event }))

const started = (definition: WorkflowDefinition, subject = dispatch.subject): RunEvent => ({
  _tag: "RunStarted",
  definition,
  definition_hash: "h",
  dispatch: { ...dispatch, subject },
  vars: {}
})
const entered = (phase: string, attempt: number): RunEvent => ({ _tag: "PhaseStarted", phase, attempt, nonce: "n" })
const completed = (phase: string, attempt: number, given: PhaseDecision, output = ""): RunEvent => ({
  _tag: "PhaseCompleted",
  phase,
  attempt,
  decision: given,
  output,
  duration_ms: 1
})

const stateOf = (...events: ReadonlyArray<RunEvent>): RunState => {
  const state = project(run, journal(events))
  assert.isDefined(state)
  return state as RunState
}

const after = (definition: WorkflowDefinition, phase: string, given: PhaseDecision, output = "") =>
  decide(stateOf(started(definition), entered(phase, 1), completed(phase, 1, given, output)), now)

const brief = (action: Action): string =>
  action._tag === "StartPhase" ? `${action.phase}#${action.attempt}` : action._tag

const three = (b: Partial<AgentPhase> = {}) => workflow(agent("a"), agent("b", b), agent("c"))
const contract = {
  min_confidence: 0.6,
  max_risk: "medium" as const,
  allow_missing_decision: true,
  required_evidence: []
}

describe("routing", () => {
  it.each<[string, WorkflowDefinition, PhaseDecision, string]>([
    ["advance goes on in order", three(), decision(), "c#1"],
    ["advance follows its rule", three({ on_verdict: { advance: rule("A") } }), decision(), "a#1"],
    ["a target that does not exist is no target", three({ on_verdict: { advance: rule("") } }), decision(), "c#1"],
    [
      "an agent may choose where the rule lets it",
      three({ on_verdict: { advance: rule("c", { allow_agent_target: true }) } }),
      decision({ target_phase: "a" }),
      "a#1"
    ],
    ["an agent may not choose otherwise", three(), decision({ target_phase: "a" }), "c#1"],
    [
      "nor beyond the allowed targets",
      three({ on_verdict: { advance: rule("c", { allow_agent_target: true, allowed_targets: ["b"] }) } }),
      decision({ target_phase: "a" }),
      "c#1"
    ],
    [
      "nor a phase that is not there",
      three({ on_verdict: { advance: rule("c", { allow_agent_target: true }) } }),
      decision({ target_phase: "z" }),
      "c#1"
    ],
    ["rework enters the same phase again", three(), decision({ verdict: "rework" }), "b#2"],
    ["rework follows its rule", three({ on_verdict: { rework: rule("a") } }), decision({ verdict: "rework" }), "a#1"],
    ["fail escalates", three(), decision({ verdict: "fail" }), "Escalate"],
    ["skip closes", three(), decision({ verdict: "skip", reason: "duplicate" }), "Cancel"],
    [
      "skip of what is done completes",
      three(),
      decision({ verdict: "skip", reason: "ALREADY_DONE upstream" }),
      "Complete"
    ],
    ["low confidence at high risk is reworked", three(), decision({ confidence: 0.4, risk: "high" }), "b#2"],
    ["low confidence alone passes", three(), decision({ confidence: 0.4 }), "c#1"],
    ["violated guardrails are reworked", three(), decision({ guardrail_violations: ["secrets"] }), "b#2"],
    ["a skip passes the same gates", three(), decision({ verdict: "skip", guardrail_violations: ["x"] }), "b#2"],
    [
      "the gates pass when the budget is used up",
      three({ max_rework_attempts: 0 }),
      decision({ guardrail_violations: ["secrets"] }),
      "c#1"
    ],
    [
      "a contract's confidence is enforced",
      three({ decision_contract: contract }),
      decision({ confidence: 0.5 }),
      "b#2"
    ],
    ["a contract's risk is enforced", three({ decision_contract: contract }), decision({ risk: "high" }), "b#2"],
    [
      "a contract's evidence is enforced",
      three({ decision_contract: { ...contract, required_evidence: ["tests_passed"] } }),
      decision({ evidence: [{ kind: "custom" }] }),
      "b#2"
    ],
    [
      "a contract is met",
      three({ decision_contract: { ...contract, required_evidence: ["tests_passed"] } }),
      decision({ evidence: [{ kind: "tests_passed" }] }),
      "c#1"
    ],
    [
      "a broken contract never passes for want of budget",
      three({ decision_contract: contract, max_rework_attempts: 0 }),
      decision({ risk: "high" }),
      "Escalate"
    ]
  ])("%s", (_, definition, given, expected) => {
    assert.strictEqual(brief(after(definition, "b", given)), expected)
  })

  it("the last phase completes the run", () => {
    assert.strictEqual(brief(after(three(), "c", decision())), "Complete")
  })

  it("counts reworks by the phase they lead to, and limit n allows n", () => {
    const definition = workflow(
      agent("a", { max_rework_attempts: 1 }),
      agent("b", { on_verdict: { rework: rule("a") } })
    )
    const again = completed("b", 1, decision({ verdict: "rework", reason: "wrong" }))
    const once = [started(definition), entered("a", 1), completed("a", 1, decision()), entered("b", 1), again]
    assert.strictEqual(brief(decide(stateOf(...once), now)), "a#2")
    const twice = [...once, entered("a", 2), completed("a", 2, decision()), entered("b", 2), { ...again, attempt: 2 }]
    const action = decide(stateOf(...twice), now)
    assert.strictEqual(action._tag, "Escalate")
    assert.include("reason" in action ? action.reason : "", "rework budget exceeded")
  })

  it("a failed command explains itself by what it printed", () => {
    const definition = workflow(agent("a"), command("test", { on_verdict: { rework: rule("a") } }))
    const action = after(definition, "test", decision({ verdict: "rework", source: "command" }), "not ok 3 - adds")
    assert.include(action._tag === "StartPhase" ? action.failureContext : "", "not ok 3 - adds")
  })

  it("an attempt that could not be carried out fails the run", () => {
    const broken: RunEvent = { _tag: "PhaseFailed", phase: "a", attempt: 1, error: "gone", duration_ms: 1 }
    assert.strictEqual(brief(decide(stateOf(started(three()), entered("a", 1), broken), now)), "Fail")
  })

  it.each<[string, string, "==" | "!=", string, boolean]>([
    ["subject_kind", "task", "==", "task", true],
    ["subject_kind", "bug", "!=", "task", true],
    ["subject_id", "task:TASK-1", "==", "", true],
    ["task_type", "docs", "==", "", true],
    ["task.type", "docs", "==", "", false],
    ["task.type", "docs", "!=", "", false]
  ])("skip_if %s %s: an unknown field never matches", (field, value, operator, _, skipped) => {
    const definition = workflow(agent("a", { skip_if: [{ field, value, operator }] }), agent("b"))
    const subject = { ...dispatch.subject, metadata: { task_type: "docs" } }
    assert.strictEqual(brief(decide(stateOf(started(definition, subject)), now)), skipped ? "SkipPhase" : "a#1")
  })

  it("a skipped last phase completes the run", () => {
    const skipped: RunEvent = { _tag: "PhaseSkipped", phase: "c", guard: "x" }
    assert.strictEqual(brief(decide(stateOf(started(three()), skipped), now)), "Complete")
  })
})

const phaseArbitrary = (id: string, ids: ReadonlyArray<string>) =>
  fc.record({
    mode: fc.constantFrom("agent", "command", "manual"),
    limit: fc.integer({ min: 0, max: 3 }),
    rework: fc.option(fc.constantFrom(...ids), { nil: undefined }),
    skip: fc.boolean(),
    choose: fc.boolean()
  }).map(({ choose, limit, mode, rework, skip }) => {
    const more = {
      max_rework_attempts: limit,
      skip_if: skip ? [{ field: "subject_kind", operator: "==" as const, value: "bug" }] : [],
      on_verdict: rework === undefined ? {} : { rework: rule(rework, { allow_agent_target: choose }) }
    }
    return mode === "agent" ? agent(id, more) : mode === "command" ? command(id, more) : manual(id, more)
  })

const definitionArbitrary = fc.integer({ min: 1, max: 4 }).chain((count) => {
  const ids = Array.from({ length: count }, (_, index) => `p${index}`)
  return fc.tuple(...ids.map((id) => phaseArbitrary(id, ids))).map(([first, ...rest]) =>
    workflow(first ?? agent("p0"), ...rest)
  )
})

const outcomeArbitrary = fc.record({
  verdict: fc.constantFrom("advance", "advance", "advance", "rework", "fail", "skip"),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
  risk: fc.constantFrom("low", "medium", "high"),
  reason: fc.constantFrom("", "already_done", "duplicate"),
  target_phase: fc.constantFrom("p0", "p1", "p9"),
  guardrail_violations: fc.constantFrom<Array<string>>([], [], ["x"]),
  breaks: fc.integer({ min: 0, max: 9 }).map((n) => n === 0)
})
type RandomOutcome = typeof outcomeArbitrary extends fc.Arbitrary<infer A> ? A : never

/** The event a perfect world would answer an action with; nothing when the run rests. */
const respond = (action: Action, { breaks, ...given }: RandomOutcome): RunEvent | undefined => {
  switch (action._tag) {
    case "StartPhase":
      return entered(action.phase, action.attempt)
    case "PerformPhase": {
      const { attempt, phase } = action.attempt
      return breaks
        ? { _tag: "PhaseFailed", phase, attempt, error: "broke", duration_ms: 1 }
        : completed(phase, attempt, decision(given as Partial<PhaseDecision>))
    }
    case "AwaitGate":
    case "Execute":
    case "Idle":
    case "Sleep":
    case "Wake":
      return undefined
    default:
      return wordsOf(action)
  }
}

/** Runs a workflow to its rest, from a journal on; `outcomes` are used by the sequence they answer, so any prefix agrees. */
const play = (events: ReadonlyArray<RunEvent>, outcomes: ReadonlyArray<RandomOutcome>) => {
  const all = [...events]
  for (let fuel = 0; fuel < 400; fuel++) {
    const state = stateOf(...all)
    const action = decide(state, now)
    assert.deepStrictEqual(decide(stateOf(...all), now), action)
    const outcome = outcomes[all.length % outcomes.length]
    if (outcome === undefined) break
    const event = state.position._tag === "AtGate" && state.head.status === "waiting"
      ? { _tag: "GateDecided" as const, ...state.position.gate, approved: !outcome.breaks }
      : respond(action, outcome)
    if (event === undefined) return all
    all.push(
      event._tag === "GateDecided"
        ? { _tag: event._tag, phase: event.phase, attempt: event.attempt, approved: event.approved }
        : event
    )
  }
  return all
}

const game = fc.tuple(definitionArbitrary, fc.array(outcomeArbitrary, { minLength: 1, maxLength: 12 }))

describe("any workflow with any outcomes", () => {
  it("comes to rest, within its rework budgets, and no attempt completes twice", () => {
    fc.assert(
      fc.property(game, ([definition, outcomes]) => {
        const events = play([started(definition)], outcomes)
        const state = stateOf(...events)
        assert.isTrue(isFinished(state.head.status) || state.head.status === "escalated", state.head.status)
        for (const phase of definition.phases) {
          assert.isAtMost(state.reworks[phase.id] ?? 0, phase.max_rework_attempts)
        }
        const done = events.flatMap((event) =>
          event._tag === "PhaseCompleted" ? [`${event.phase}#${event.attempt}`] : []
        )
        assert.strictEqual(new Set(done).size, done.length)
      }),
      { numRuns: 300 }
    )
  })

  it("reaches the same end from any prefix of its journal", () => {
    fc.assert(
      fc.property(game, fc.nat(), ([definition, outcomes], cut) => {
        const events = play([started(definition)], outcomes)
        const prefix = events.slice(0, 1 + cut % events.length)
        assert.deepStrictEqual(play(prefix, outcomes), events)
      }),
      { numRuns: 200 }
    )
  })

  it("what has ended stays ended", () => {
    fc.assert(
      fc.property(game, fc.nat({ max: 1e12 }), ([definition, outcomes], later) => {
        const state = stateOf(...play([started(definition)], outcomes))
        assert.strictEqual(decide(state, later)._tag, "Idle")
      }),
      { numRuns: 200 }
    )
  })

  it("the fold takes any entries in any order, and every view of it holds", () => {
    const entries = fc.array(fc.constantFrom<RunEvent>(
      started(three()),
      entered("a", 1),
      completed("a", 1, decision()),
      entered("z", 4),
      { _tag: "PhaseFailed", phase: "b", attempt: 9, error: "", duration_ms: 0 },
      { _tag: "GateOpened", phase: "c", attempt: 1, instructions: "", note_required: true },
      { _tag: "GateDecided", phase: "c", attempt: 1, approved: true },
      { _tag: "RecoveryDecided", phase: "a", attempt: 1, action: "rerun", reason: "" },
      { _tag: "RecoveryDecided", phase: "a", attempt: 1, action: "blocked", reason: "" },
      { _tag: "RunPaused", reason: "" },
      { _tag: "RunResumed", force: true },
      { _tag: "RunEscalated", reason: "" },
      { _tag: "RunCancelled", reason: "" }
    ))
    fc.assert(
      fc.property(entries, (events) => {
        const entries = journal(events)
        const state = project(run, entries)
        assert.strictEqual(state === undefined, !events.some(({ _tag }) => _tag === "RunStarted"))
        if (state === undefined) return
        decide(state, now)
        const detail = runDetail(state, { location: "/runs/run-1" })
        assert.strictEqual(detail.phases.length, 3)
        assert.isTrue(isDetail(detail))
        for (const entry of entries) workflowEvents(state, entry)
      }),
      { numRuns: 500 }
    )
  })

  it("is the same after its journal went to disk and back", () => {
    const encode = Schema.encodeSync(Schema.fromJsonString(JournalEntry))
    const decode = Schema.decodeSync(Schema.fromJsonString(JournalEntry))
    fc.assert(
      fc.property(game, ([definition, outcomes]) => {
        const entries = journal(play([started(definition)], outcomes))
        assert.deepStrictEqual(project(run, entries.map((entry) => decode(encode(entry)))), project(run, entries))
      }),
      { numRuns: 50 }
    )
  })
})
