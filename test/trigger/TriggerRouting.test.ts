import { assert, describe, it } from "@effect/vitest"
import type { TriggerDefinition, TriggerEvent } from "../../schemas/Trigger.ts"
import { normalizePayload, route, watchedTriggers } from "../../src/trigger/TriggerRouting.ts"
import { emptyRecord, TriggerState } from "../../src/trigger/TriggerState.ts"

const event = (over: Partial<TriggerEvent> = {}): TriggerEvent => ({
  event_id: "e-1",
  trigger_id: "ci",
  payload: { ref: "main" },
  ...over
})
const trigger = (over: Partial<TriggerDefinition> = {}): TriggerDefinition => ({
  id: "ci",
  type: "plugin",
  enabled: true,
  workflow_ref: "build",
  config: { repo: "x" },
  ...over
})
const at = "2026-01-01T00:00:00Z"
const routed = (one: TriggerEvent, ...triggers: ReadonlyArray<TriggerDefinition>) =>
  route(one, { plugin: "p", triggers, at })

describe("the payload", () => {
  const own = { __animus_event_id: "e-1", __animus_trigger_id: "ci" }
  it.each<[TriggerEvent["payload"], object]>([
    [{ ref: "main" }, { ref: "main", ...own }],
    [null, own],
    [7, { value: 7, ...own }],
    ["text", { value: "text", ...own }],
    [[1, 2], { value: [1, 2], ...own }],
    [{ __animus_event_id: "forged", __animus_user_overrides: 1, a: 2 }, {
      a: 2,
      __animus_user_overrides: { __animus_event_id: "forged", __animus_user_overrides: 1 },
      ...own
    }]
  ])("%j is always an object with what the daemon knows", (payload, expected) => {
    assert.deepStrictEqual(normalizePayload(event({ payload }), "ci"), expected)
  })

  it("says what the event is about, when it says so", () => {
    const about = event({ payload: null, subject_id: "9", subject_kind: "issue", action_hint: "run_workflow" })
    assert.deepStrictEqual(normalizePayload(about, "ci"), {
      ...own,
      __animus_subject_id: "9",
      __animus_subject_kind: "issue",
      __animus_action_hint: "run_workflow"
    })
  })
})

describe("a route", () => {
  it("leads to the workflow of an enabled trigger that plugins feed, and nowhere else", () => {
    assert.strictEqual(routed(event(), trigger())?.dispatch.workflow_ref, "build")
    assert.strictEqual(routed(event(), trigger({ type: "github_webhook" }))?.dispatch.trigger_source, "github-webhook")
    const { trigger_id: _, ...nameless } = event()
    assert.isUndefined(routed(nameless, trigger()))
    assert.isUndefined(routed(event({ trigger_id: "other" }), trigger()))
    assert.isUndefined(routed(event(), trigger({ enabled: false })))
    assert.isUndefined(routed(event(), trigger({ type: "file_watcher" })))
  })

  it("is about the trigger, or about the subject that the event names", () => {
    const idOf = (over: Partial<TriggerEvent>) => {
      const subject = routed(event(over), trigger())?.dispatch.subject
      return [subject?.kind, subject?.id]
    }
    assert.deepStrictEqual(idOf({}), ["custom", "trigger:ci"])
    assert.deepStrictEqual(idOf({ subject_id: "task:7" }), ["animus.task", "task:7"])
    assert.deepStrictEqual(idOf({ subject_id: "7" }), ["animus.task", "task:7"])
    assert.deepStrictEqual(idOf({ subject_id: "7", subject_kind: "issue" }), ["issue", "issue:7"])
  })

  it("merges the payload into what the author gave", () => {
    const inputOf = (input: TriggerDefinition["input"]) =>
      routed(event({ payload: null }), trigger(input === undefined ? {} : { input }))?.dispatch.input
    const payload = { __animus_event_id: "e-1", __animus_trigger_id: "ci" }
    assert.deepStrictEqual(inputOf(undefined), payload)
    assert.deepStrictEqual(inputOf({ depth: 1 }), { depth: 1, webhook_payload: payload })
    assert.deepStrictEqual(inputOf("fixed"), "fixed")
  })

  it("is told to plugins without what they do not feed", () => {
    assert.deepStrictEqual(
      watchedTriggers([trigger(), trigger({ id: "off", enabled: false }), trigger({ id: "hook", type: "webhook" })]),
      [{ id: "ci", workflow_ref: "build", config: { repo: "x" } }]
    )
  })
})

describe("what waits", () => {
  const waiting = (at: number, name = "ci") => {
    const found = routed(event({ event_id: `e-${at}`, trigger_id: name }), trigger({ id: name }))
    return found ?? assert.fail("no route")
  }

  it("is at most a thousand events a trigger, the oldest go and are counted", () => {
    const state = new TriggerState(emptyRecord)
    for (let at = 0; at < 1003; at++) state.wait(waiting(at))
    state.wait(waiting(1, "other"))
    const { dropped, pending } = state.record
    assert.strictEqual(dropped, 3)
    assert.strictEqual(pending.length, 1001)
    assert.strictEqual(pending[0]?.dispatch.subject.metadata["event"], "p:e-3")
    assert.deepStrictEqual(new TriggerState(state.record).record, state.record)
  })

  it("is bounded in bytes as well", () => {
    const state = new TriggerState(emptyRecord)
    const large = { ...waiting(1), dispatch: { ...waiting(1).dispatch, input: "x".repeat(6_000_000) } }
    assert.deepStrictEqual([1, 2, 3, 4].map(() => state.wait({ ...large })), [0, 0, 1, 1])
  })

  it("remembers the last four thousand events", () => {
    const state = new TriggerState(emptyRecord)
    for (let at = 0; at < 5000; at++) state.know(`e-${at}`)
    assert.deepStrictEqual([state.knows("e-0"), state.knows("e-903"), state.knows("e-904")], [false, false, true])
    assert.strictEqual(state.record.seen.length, 4096)
  })
})
