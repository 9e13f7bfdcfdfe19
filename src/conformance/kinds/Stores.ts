/** Durable and memory stores, in runs and scopes of our own. */
import { Effect } from "effect"
import { DurableStoreMethods } from "../../../schemas/DurableStore.ts"
import { MemoryStoreMethods } from "../../../schemas/MemoryStore.ts"
import { type KindTrials, newName, type Talk, text, trialsOf } from "../Trial.ts"

const newRun = (talk: Talk) => Effect.succeed({ run_id: newName(talk), phase_id: "one" })
const newStep = ({ first }: Talk) =>
  Effect.map(first("durable/begin_workflow_run"), ({ params }) => ({
    ...params,
    step_name: "first",
    idempotency_key: `${text(params, "run_id")}:one:first`
  }))

const onStep = (extra: Readonly<Record<string, string>>) => (talk: Talk) =>
  Effect.map(talk.first("durable/begin_step"), ({ result }) => ({ step_id: text(result, "step_id"), ...extra }))

export const durableStore: KindTrials = {
  kind: "durable_store",
  section: "§14",
  trials: trialsOf(DurableStoreMethods, {
    "durable/begin_workflow_run": { params: newRun },
    "durable/begin_step": {
      params: newStep,
      also: ({ result }, { session }) =>
        text(result, "status") === "new"
          ? Effect.void
          : Effect.fail(session.finding(`a key that was never used is ${text(result, "status")}`))
    },
    "durable/commit_step": { params: onStep({ outcome: "success" }) },
    "durable/abandon_step": { params: onStep({ reason: "conformance" }) },
    "durable/recover_in_flight": { params: () => Effect.succeed({ since_epoch: 0 }) },
    "durable/query_run": {
      params: (talk) =>
        Effect.map(talk.first("durable/begin_step"), ({ params }) => ({
          run_id: text(params, "run_id"),
          phase_id: text(params, "phase_id")
        }))
    }
  }, { shares: true })
}

const scope = { project_id: "animus-conformance" }
const put = { scope, key: "k", value: { n: 1 } }

export const memoryStore: KindTrials = {
  kind: "memory_store",
  section: "§15",
  trials: trialsOf(MemoryStoreMethods, {
    "memory/put": { params: () => Effect.succeed(put) },
    "memory/get": {
      params: (talk) => Effect.as(talk.first("memory/put"), { scope, key: put.key }),
      also: ({ result }, { session }) =>
        Object(result).found === true && JSON.stringify(Object(result).value) === JSON.stringify(put.value)
          ? Effect.void
          : Effect.fail(session.finding(`what was put is not found: ${JSON.stringify(result)}`))
    },
    "memory/query": { params: (talk) => Effect.as(talk.first("memory/put"), { scope, query: "k", top_k: 1 }) },
    "memory/list_scopes": { params: (talk) => Effect.as(talk.first("memory/put"), {}) },
    "memory/delete_scope": { params: (talk) => Effect.as(talk.first("memory/put"), { scope }) }
  }, { shares: true })
}
