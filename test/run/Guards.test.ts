/** Conditions where runs ask them: before a phase is entered, and where a verdict leads. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { JournalEntry, RunEvent } from "../../schemas/RunEvent.ts"
import type { Guard, PhaseDecision, WorkflowDefinition } from "../../schemas/Workflow.ts"
import { type Action, decide } from "../../src/run/Decide.ts"
import { apply, project, type RunState } from "../../src/run/RunState.ts"
import { agent, decision, dispatch, run, workflow } from "./World.ts"

const at = "2026-01-01T00:00:00.000Z"
const now = Date.parse(at)

const started = (definition: WorkflowDefinition): RunEvent => ({
  _tag: "RunStarted",
  definition,
  definition_hash: "h",
  dispatch: { ...dispatch, input: { size: 3 } },
  vars: { fast: "true" }
})
const entered = (phase: string, attempt: number): RunEvent => ({ _tag: "PhaseStarted", phase, attempt, nonce: "n" })
const completed = (phase: string, attempt: number, decision: PhaseDecision): RunEvent => ({
  _tag: "PhaseCompleted",
  phase,
  attempt,
  decision,
  output: "",
  duration_ms: 1
})

const fold = (events: ReadonlyArray<RunEvent>): RunState => {
  const entries = events.map((event, index): JournalEntry => ({ sequence: index + 1, at, event }))
  return project(run, entries) ?? assert.fail("no run")
}

const brief = (action: Action): string =>
  action._tag === "StartPhase" ? `${action.phase}#${action.attempt}` : action._tag

const rule = (target: string, guard: Guard) => ({ target, guard, allow_agent_target: false, allowed_targets: [] })

describe("skip_if", () => {
  it.each<[Guard, boolean]>([
    ["vars.fast && input.size > 2", true],
    ["subject.id == 'task:TASK-1' && attempt == 1 && reworks.a == 0", true],
    ["decision.confidence > 0.5", false],
    ["decision.confidence <= 0.5", false],
    [{ field: "subject_id", operator: "==", value: "task:TASK-1" }, true]
  ])("%j", (guard, skipped) => {
    const definition = workflow(agent("a", { skip_if: [guard] }), agent("b"))
    assert.strictEqual(brief(decide(fold([started(definition)]), now)), skipped ? "SkipPhase" : "a#1")
  })

  it("asks the decision that came last, also after a skipped phase, and says which condition matched", () => {
    const low = { skip_if: ["decision.risk=='low'"] }
    const definition = workflow(agent("a"), agent("b", low), agent("c", low), agent("d"))
    const events = [started(definition), entered("a", 1), completed("a", 1, decision())]
    const skip = decide(fold(events), now)
    assert.deepStrictEqual(skip, { _tag: "SkipPhase", phase: "b", guard: "decision.risk == 'low'" })
    const next = decide(fold([...events, { _tag: "PhaseSkipped", phase: "b", guard: "" }]), now)
    assert.strictEqual(brief(next), "SkipPhase")
  })
})

describe("the guard of a verdict rule", () => {
  const after = (guard: Guard, given: PhaseDecision, attempt = 1) => {
    const on_verdict = { advance: rule("d", guard), rework: rule("a", guard) }
    const definition = workflow(agent("a"), agent("b", { on_verdict }), agent("c"), agent("d"))
    return brief(decide(fold([started(definition), entered("b", attempt), completed("b", attempt, given)]), now))
  }

  it("lets the rule count only where it holds", () => {
    assert.strictEqual(after("decision.risk == 'low'", decision()), "d#1")
    assert.strictEqual(after("decision.risk == 'low'", decision({ risk: "medium" })), "c#1")
    assert.strictEqual(after("attempt > 1", decision({ verdict: "rework" })), "b#2")
    assert.strictEqual(after("attempt > 1", decision({ verdict: "rework" }), 2), "a#1")
    assert.strictEqual(after("nothing != 1", decision()), "c#1")
  })
})

describe("any workflow with conditions", () => {
  const ids = ["p0", "p1", "p2"]
  const guard = fc.constantFrom<Guard>(
    "attempt > 1",
    "reworks.p0 > 0 || decision.risk == 'high'",
    "decision.confidence < 0.5",
    "!(subject.kind == 'task')",
    "nothing == 1",
    "true"
  )
  const phase = (id: string) =>
    fc.record({
      limit: fc.integer({ min: 0, max: 2 }),
      skip: fc.option(guard, { nil: undefined }),
      rework: fc.option(fc.tuple(fc.constantFrom(...ids), guard), { nil: undefined }),
      advance: fc.option(fc.tuple(fc.constantFrom(...ids), guard), { nil: undefined })
    }).map(({ advance, limit, rework, skip }) =>
      agent(id, {
        max_rework_attempts: limit,
        skip_if: skip === undefined ? [] : [skip],
        on_verdict: {
          ...(advance === undefined ? {} : { advance: rule(...advance) }),
          ...(rework === undefined ? {} : { rework: rule(...rework) })
        }
      })
    )
  const definition = fc.tuple(phase("p0"), phase("p1"), phase("p2")).map((phases) => workflow(...phases))
  const outcome = fc.record({
    verdict: fc.constantFrom("advance" as const, "advance" as const, "rework" as const, "skip" as const),
    confidence: fc.constantFrom(0.2, 0.9),
    risk: fc.constantFrom("low" as const, "high" as const)
  })

  const respond = (action: Action, given: Partial<PhaseDecision>): RunEvent | undefined => {
    if (action._tag === "StartPhase") return entered(action.phase, action.attempt)
    if (action._tag === "SkipPhase") return { _tag: "PhaseSkipped", phase: action.phase, guard: action.guard }
    if (action._tag !== "PerformPhase") return undefined
    return completed(action.attempt.phase, action.attempt.attempt, decision(given))
  }

  it("decides the same twice, and enters no phase again more often than its budget allows", () => {
    fc.assert(
      fc.property(definition, fc.array(outcome, { minLength: 1, maxLength: 12 }), (definition, outcomes) => {
        let state = fold([started(definition)])
        for (let step = 0; step < outcomes.length * 3; step++) {
          const action = decide(state, now)
          assert.deepStrictEqual(decide(state, now), action)
          for (const { id, max_rework_attempts } of definition.phases) {
            assert.isAtMost(state.reworks[id] ?? 0, max_rework_attempts)
          }
          const event = respond(action, outcomes[step % outcomes.length] ?? {})
          if (event === undefined) return
          state = apply(run, state, { sequence: state.head.sequence + 1, at, event }) ?? assert.fail("no run")
        }
      }),
      { numRuns: 10_000 }
    )
  }, 300_000)
})
