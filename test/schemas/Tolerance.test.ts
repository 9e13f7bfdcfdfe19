/** Every field of the plugin protocol: those that must be there, those that may be left out or null, and those we do not know. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Struct } from "effect"
import { DurableStoreMethods } from "../../schemas/DurableStore.ts"
import { PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import type { JsonObject } from "../../schemas/Json.ts"
import { LogStorageMethods } from "../../schemas/Log.ts"
import { MemoryStoreMethods } from "../../schemas/MemoryStore.ts"
import { NotifierMethods } from "../../schemas/Notifier.ts"
import { QueueMethods } from "../../schemas/QueueStore.ts"
import { decodeSubjectChanged } from "../../schemas/Subject.ts"
import { TransportMethods } from "../../schemas/Transport.ts"
import { TriggerMethods } from "../../schemas/Trigger.ts"
import { ExecuteWorkflow, WorkflowExecuted, WorkflowRunnerMethods } from "../../schemas/WorkflowRunner.ts"
import { results } from "./Results.ts"
import { roundTrip } from "./roundTrip.ts"
import { subject, values } from "./Samples.ts"

const samples = Object.entries({ ...values, ...results })
const without = (whole: JsonObject, field: string): JsonObject => Struct.omit(whole, [field])
const isRequired = (required: string, field: string) => required.split(" ").includes(field)

const methods = [
  DurableStoreMethods,
  LogStorageMethods,
  MemoryStoreMethods,
  NotifierMethods,
  QueueMethods,
  TransportMethods,
  TriggerMethods,
  WorkflowRunnerMethods
].flatMap((table) => Object.keys(table))

/** Written as null by languages whose empty list is that; the field itself must be there. */
const rows = new Set([
  "subjects",
  "entries",
  "leased",
  "in_flight",
  "steps",
  "results",
  "scopes",
  "phases_requested",
  "phase_results"
])

describe.each(samples)("%s", (_, { required, schema, whole }) => {
  const decode = Schema.decodeUnknownSync(schema)
  const fields = Object.keys(whole)

  it("is read whole, and written as it was", () => {
    assert.containSubset(roundTrip(schema, whole), whole)
  })

  it("survives what a later release adds", () => {
    assert.doesNotThrow(() => decode({ ...whole, of_a_later_release: { n: [1] } }))
  })

  it.each(fields.filter((field) => isRequired(required, field)))("needs %s", (field) => {
    assert.throws(() => decode(without(whole, field)), field)
    if (rows.has(field)) assert.deepPropertyVal(decode({ ...whole, [field]: null }), field, [])
    else assert.throws(() => decode({ ...whole, [field]: null }), field)
  })

  it.each(fields.filter((field) => !isRequired(required, field)))("reads %s as absent when it is null", (field) => {
    assert.deepStrictEqual(decode({ ...whole, [field]: null }), decode(without(whole, field)))
  })
})

describe("the tables of methods", () => {
  it("are all here", () => {
    assert.deepStrictEqual(methods.filter((method) => !Object.hasOwn(results, method)), [])
  })
})

describe("where the text says more", () => {
  it("an actor that cannot be read is dropped", () => {
    const decode = Schema.decodeUnknownSync(ExecuteWorkflow)
    for (const actor of ["ada", { claims: ["admin"] }, null]) assert.deepStrictEqual(decode({ actor }), { vars: {} })
    assert.deepPropertyVal(decode({ actor: { user_id: "ada" } }), "actor", { user_id: "ada" })
  })

  it("events of a phase may be of kinds that are not known yet, and those that are known must fit", () => {
    const read = (event: JsonObject) =>
      Schema.decodeUnknownSync(WorkflowExecuted)({ ...results["workflow/execute"]?.whole, phase_events: [event] })
    const later = { kind: "paused", reason: "rate limit" }
    assert.deepStrictEqual(read(later).phase_events, [later])
    assert.throws(() => read({ kind: "started", phase_id: "one" }), /attempt/)
  })

  it("a change under data may leave the subject's id to the subject", () => {
    const change = { change_kind: "updated", subject }
    const { data, id } = Effect.runSync(decodeSubjectChanged({ id: "7", data: change }))
    assert.deepStrictEqual([id, data.id], ["7", "task:1"])
  })

  it("numbers are read in whatever form JSON has for them", () => {
    const run = results["agent/run"]
    const text = `{"session_id":"","exit_code":-1.0,"output":"","duration_ms":1.5e3,"backend":"b",` +
      `"tokens_used":{"input":2E1,"output":0.0}}`
    assert.deepStrictEqual(Schema.decodeUnknownSync(run?.schema ?? Schema.Never)(JSON.parse(text)), {
      session_id: "",
      exit_code: -1,
      output: "",
      duration_ms: 1500,
      backend: "b",
      tokens_used: { input: 20, output: 0 }
    })
  })
})

describe("a refusal is told in the control protocol's words", () => {
  it.each([
    ["not_found", -32602, "not_found"],
    ["invalid_request", -32602, "invalid_request"],
    ["permission_denied", -32600, "permission_denied"],
    ["permission_denied", -32603, "permission_denied"],
    ["unavailable", -32603, "unavailable"],
    ["unsupported", -32001, "not_supported"],
    ["not_supported", -32001, "not_supported"],
    ["address_in_use", -32603, "conflict"],
    ["quota_exceeded", -32603, "unavailable"],
    ["session_start_failed", -32603, "unavailable"],
    ["run_failed", -32603, "internal"],
    ["other", -32603, "internal"],
    [undefined, -32601, "not_found"],
    [undefined, -32602, "invalid_request"],
    [undefined, -32201, "internal"]
  ])("%s (%i) is %s", (category, code, told) => {
    const data = category === undefined ? {} : { data: { category } }
    assert.strictEqual(new PluginRefused({ plugin: "p", method: "m", code, detail: "d", ...data }).category, told)
  })
})
