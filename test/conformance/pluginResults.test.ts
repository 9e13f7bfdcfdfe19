/** Every method of every kind, answered well, answered with anything, and wrongly in one field after the other. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PluginProcessMemory from "../../layers/PluginProcessMemory.ts"
import * as ProcessTableMemory from "../../layers/ProcessTableMemory.ts"
import type { Json, JsonObject } from "../../schemas/Json.ts"
import { examine } from "../../src/conformance/Conformance.ts"
import { logStorage, notifier, transport, trigger, workflowRunner } from "../../src/conformance/kinds/Peripheral.ts"
import { provider } from "../../src/conformance/kinds/Provider.ts"
import { queue } from "../../src/conformance/kinds/Queue.ts"
import { durableStore, memoryStore } from "../../src/conformance/kinds/Stores.ts"
import { subjectBackend } from "../../src/conformance/kinds/Subject.ts"
import { reasonOf } from "../../src/conformance/Notes.ts"
import type { KindTrials } from "../../src/conformance/Trial.ts"
import { definePlugin, methods, serve } from "../../src/sdk/Sdk.ts"
import { results } from "../schemas/Results.ts"
import { subject } from "../schemas/Samples.ts"

const subjects = ["get", "create", "update", "status", "next"].map((verb) => [`subject/${verb}`, subject])
const wholes: { readonly [method: string]: JsonObject } = {
  ...Object.fromEntries(Object.entries(results).map(([method, { whole }]) => [method, whole])),
  ...Object.fromEntries(subjects),
  "subject/delete": { ok: true },
  // As the harness expects it of what it asks.
  "durable/begin_step": { step_id: "s", status: "new" },
  "subject/watch": { value: "an acknowledgement of any form" }
}
/** Any JSON is right there. */
const free = new Set(["decision_verdict", "value", "metadata", "post_success", "status_metadata"])

const wrong = (value: Json | undefined): Json => typeof value === "object" ? "wrong" : { wrong: true }

const kindTrials = [
  provider,
  subjectBackend,
  trigger,
  logStorage,
  notifier,
  transport,
  workflowRunner,
  queue,
  durableStore,
  memoryStore
]

/** The cases of a kind's methods, when they answer this. */
const examined = Effect.fnUntraced(function*({ kind, trials }: KindTrials, answer: (method: string) => Json) {
  const names = trials.map(({ method }) => method)
  const plugin = definePlugin({
    manifest: {
      name: "animus-test",
      version: "0.1.0",
      plugin_kind: kind,
      description: "for tests",
      capabilities: ["subject_kind:task"]
    },
    serves: methods(Object.fromEntries(names.map((name) => [name, () => Effect.succeed(answer(name))])))
  })
  const processes = PluginProcessMemory.layer({ test: () => serve(plugin) })
  const { cases } = yield* examine({
    target: { label: "test", command: ["test"], env: {} },
    cookie: "test",
    only: ["methods"]
  }).pipe(Effect.provide(Layer.mergeAll(processes, ProcessTableMemory.layer, NodeServices.layer)))
  return cases.filter(({ id }) => names.some((name) => id === `methods.${name}`))
})

describe.each(kindTrials)("a $kind", (trials) => {
  it.live(
    "whose methods answer well passes, and one whose methods answer anything does not",
    () =>
      Effect.gen(function*() {
        const good = yield* examined(trials, (method) => wholes[method] ?? {})
        assert.deepStrictEqual(good.filter(({ status }) => status !== "pass"), [])
        assert.strictEqual(good.length, trials.trials.length)
        const bad = yield* examined(trials, () => "done")
        assert.deepStrictEqual(bad.filter(({ status }) => status === "pass"), [])
        // One that needs another is not asked; the first of them always is.
        const told = bad.flatMap(({ failure, id }) => failure === undefined ? [] : [[id, failure.got] as const])
        assert.isNotEmpty(told)
        for (const [id, got] of told) assert.include(got, `the result of ${id.slice("methods.".length)} does not fit`)
      }),
    30_000
  )

  it.each(trials.trials)("that answers $method wrongly in one field is told which", ({ decode, method }) => {
    const whole = wholes[method] ?? {}
    assert.isNotEmpty(Object.keys(whole))
    for (const field of Object.keys(whole).filter((name) => !free.has(name))) {
      assert.include(reasonOf(decode({ ...whole, [field]: wrong(whole[field]) })), field)
    }
  })
})
