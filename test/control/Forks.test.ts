/** Another run of what a first one pinned, through the daemon of doubles. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import * as Test from "../../layers/Test.ts"
import { RunId } from "../../schemas/Ids.ts"
import { JournalEntry } from "../../schemas/RunEvent.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { agent, manual, workflow } from "../run/World.ts"

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(JournalEntry))

const prompts: Array<string> = []
const daemon = Test.layer({
  workflows: [{
    ...workflow(
      agent("plan"),
      agent("implement", { directive: "Work on {{area}} with {{dispatch_input}}" }),
      manual("review")
    ),
    variables: [{ name: "area", required: false, default: "src" }]
  }],
  agent: ({ request }) => Effect.sync(() => prompts.push(request.prompt)).pipe(Effect.as(`said ${prompts.length}`))
})

const settled = Effect.fnUntraced(function*(id: string) {
  const engine = yield* RunEngine
  return yield* engine.settled(RunId.make(id))
})

const first = Effect.gen(function*() {
  const control = yield* ControlClient
  const { id } = yield* control["subject/create"]({ kind: "task", title: "Mend" })
  const { workflow_id } = yield* control["workflow/run"]({ task_id: id, params: { size: 1 } })
  yield* settled(workflow_id)
  prompts.length = 0
  return { control, source: workflow_id }
})

const firstEvent = Effect.fnUntraced(function*(run: string) {
  const { event } = decode((yield* SessionStoreMemory).journal(run)[0])
  return event._tag === "RunStarted" ? event : assert.fail(event._tag)
})

describe("fork", () => {
  it.effect("starts the same definition with other input, and says where it came from", () =>
    Effect.gen(function*() {
      const { control, source } = yield* first
      const { workflow_id: id } = yield* control["workflow/fork"]({
        id: source,
        input: { size: 2 },
        vars: { area: "lib" }
      })
      yield* settled(id)
      assert.notStrictEqual(id, source)
      assert.include(prompts[1], "Work on lib with {\"size\":2}")
      const [one, other] = [yield* firstEvent(source), yield* firstEvent(id)]
      assert.strictEqual(other.definition_hash, one.definition_hash)
      assert.deepStrictEqual(other.definition, one.definition)
      assert.deepStrictEqual(other.forked_from, { run: RunId.make(source), inherited: [] })
      assert.strictEqual((yield* control["workflow/get"]({ id: source })).status, "paused")
    }).pipe(Effect.provide(daemon)))

  it.effect("from a phase it begins there, on the results of the phases before", () =>
    Effect.gen(function*() {
      const { control, source } = yield* first
      const { workflow_id: id } = yield* control["workflow/fork"]({ id: source, from: "implement", vars: {} })
      yield* settled(id)
      assert.strictEqual(prompts.length, 1)
      assert.include(prompts[0], "- plan: inherited")
      assert.include(prompts[0], "### plan")
      const { forked_from } = yield* firstEvent(id)
      assert.deepStrictEqual(forked_from?.inherited.map(({ attempt, phase }) => [phase, attempt]), [["plan", 1]])
      assert.strictEqual(forked_from?.phase, "implement")
    }).pipe(Effect.provide(daemon)))

  it.effect("refuses a phase that is not there, and leaves no run behind", () =>
    Effect.gen(function*() {
      const { control, source } = yield* first
      const refused = yield* Effect.flip(control["workflow/fork"]({ id: source, from: "nope", vars: {} }))
      assert.include(refused.message, "Its phases: plan, implement, review")
      const { runs } = yield* control["workflow/list"]({})
      assert.deepStrictEqual(runs.map(({ id }) => id), [source])
    }).pipe(Effect.provide(daemon)))

  it.effect("refuses a variable that the definition does not know", () =>
    Effect.gen(function*() {
      const { control, source } = yield* first
      const refused = yield* Effect.flip(control["workflow/fork"]({ id: source, vars: { arae: "lib" } }))
      assert.include(refused.message, "has no variable arae (declared: area)")
    }).pipe(Effect.provide(daemon)))

  it.effect("retry over the wire takes a failed run up again", () =>
    Effect.gen(function*() {
      const { control, source } = yield* first
      yield* control["workflow/reject"]({ id: source, phase: "review", note: "no" })
      assert.strictEqual((yield* settled(source)).status, "failed")
      yield* control["workflow/retry"]({ id: source, from: "plan" })
      assert.strictEqual((yield* settled(source)).status, "waiting")
      assert.strictEqual(prompts.length, 2)
    }).pipe(Effect.provide(daemon)))
})
