import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Option, Queue, Stream } from "effect"
import { Subject, type SubjectChangedEvent, type SubjectFilter, SubjectSchema } from "../../schemas/Subject.ts"
import { definePlugin, subjectBackend } from "../../src/sdk/Sdk.ts"
import { plug, refusal } from "./Plugged.ts"

const identity = { name: "animus-subject-test", version: "0.1.0", plugin_kind: "subject_backend", description: "tests" }
const at = "2026-01-01T00:00:00Z"
const subject = (id: string) =>
  Subject.make({ id, kind: "task", title: "t", status: "ready", created_at: at, updated_at: at })
const bare = { id: "task:1", kind: "task", title: "t", status: "ready", created_at: at, updated_at: at }

const begun = Effect.gen(function*() {
  const filters: Array<SubjectFilter> = []
  const asked: Array<unknown> = []
  const changes = yield* Queue.bounded<SubjectChangedEvent>(8)
  const closed = yield* Deferred.make<void>()
  const remember = <A>(given: A) => Effect.sync(() => void asked.push(given))
  const part = subjectBackend({
    kinds: ["task", "note"],
    supports: ["create", "update", "next", "watch"],
    open: () =>
      Effect.succeed({
        schema: SubjectSchema.make({ kinds: ["task", "note"] }),
        list: (filter) => Effect.sync(() => (filters.push(filter), { subjects: [subject("task:1")] })),
        get: (id) => Effect.succeed(id === "task:1" ? Option.some(subject(id)) : Option.none()),
        create: (given) => Effect.as(remember(given), subject("task:1")),
        update: (given) => Effect.as(remember(given), subject(given.id)),
        next: (kind) => Effect.as(remember(kind), kind === "note" ? Option.none() : Option.some(subject("task:1"))),
        watch: (filter) =>
          Effect.gen(function*() {
            filters.push(filter)
            yield* Effect.addFinalizer(() => Deferred.succeed(closed, undefined))
            return Stream.fromQueue(changes)
          })
      })
  })
  const plugin = definePlugin({ manifest: identity, serves: part })
  const wire = yield* plug(plugin)
  yield* wire.begin()
  return { ...wire, manifest: plugin.manifest, filters, asked, changes, closed }
})

describe("a subject backend", () => {
  it.effect.each(["subject", "task", "animus.task"])("serves get as %s/get, bare", (prefix) =>
    Effect.gen(function*() {
      const { call } = yield* begun
      assert.deepStrictEqual(yield* call(`${prefix}/get`, { id: "task:1" }), { result: bare })
      assert.deepStrictEqual(yield* call(`${prefix}/get`, { id: "animus.task:1" }), { result: bare })
      assert.deepStrictEqual(refusal(yield* call(`${prefix}/get`, { id: "task:2" })), [-32602, "not_found"])
      assert.deepStrictEqual(refusal(yield* call(`${prefix}/get`)), [-32602, "invalid_request"])
    }))

  it.effect("completes a bare id that came by a kind's own method", () =>
    Effect.gen(function*() {
      const { call } = yield* begun
      assert.deepStrictEqual(yield* call("animus.task/get", { id: "1" }), { result: bare })
      assert.deepStrictEqual(refusal(yield* call("subject/get", { id: "1" })), [-32602, "not_found"])
    }))

  it.effect("reads both forms of list, and the kind from the method", () =>
    Effect.gen(function*() {
      const { call, filters } = yield* begun
      yield* call("subject/list")
      yield* call("subject/list", { status: ["done"], kind: ["animus.task"] })
      yield* call("task/list", { filter: { status: ["done"] } })
      yield* call("animus.note/list", { kind: ["task"] })
      assert.deepStrictEqual(filters, [
        {},
        { status: ["done"], kind: ["task"] },
        { status: ["done"], kind: ["task"] },
        { kind: ["note"] }
      ])
      assert.deepStrictEqual(refusal(yield* call("task/list", { status: "done" })), [-32602, "invalid_request"])
    }))

  it.effect("answers next with null for none, and a null assignee means clear", () =>
    Effect.gen(function*() {
      const { asked, call } = yield* begun
      assert.deepStrictEqual(yield* call("note/next", {}), { result: null })
      assert.deepStrictEqual(yield* call("subject/next"), { result: bare })
      yield* call("task/update", { id: "1", patch: { assignee: null } })
      yield* call("task/create", { title: "t" })
      assert.deepStrictEqual(asked, [
        "note",
        undefined,
        { id: "task:1", patch: { assignee: null } },
        { kind: "task", title: "t" }
      ])
    }))

  it.effect("declines what it does not support in every spelling, and does not advertise it", () =>
    Effect.gen(function*() {
      const { call, manifest } = yield* begun
      for (const prefix of ["subject", "task", "animus.note"]) {
        assert.deepStrictEqual(refusal(yield* call(`${prefix}/delete`, { id: "1" })), [-32001, "not_supported"])
      }
      assert.strictEqual(refusal(yield* call("bug/list"))[0], -32601)
      assert.notInclude(manifest.capabilities, "subject/delete")
      assert.includeMembers([...manifest.capabilities], ["subject_kind:task", "subject_kind:note", "subject/watch"])
    }))

  it.effect("acknowledges a watch before its changes, and ends it on unwatch", () =>
    Effect.gen(function*() {
      const { changes, closed, filters, send, take } = yield* begun
      const change = { id: "task:1", change_kind: "created", subject: subject("task:1") }
      yield* Queue.offer(changes, change)
      yield* send({ id: "w", method: "task/watch", params: { filter: { assignee: ["ann"] } } })
      assert.deepStrictEqual((yield* take)["result"], { watching: true })
      assert.deepStrictEqual(yield* take, {
        jsonrpc: "2.0",
        method: "subject/changed",
        params: { id: "w", data: { id: "task:1", change_kind: "created", subject: bare } }
      })
      assert.deepStrictEqual(filters, [{ assignee: ["ann"], kind: ["task"] }])
      yield* send({ method: "task/unwatch", params: { watch_id: "w" } })
      yield* Deferred.await(closed)
    }))

  it.effect("watches one kind, however the host spells it", () =>
    Effect.gen(function*() {
      const { call, filters } = yield* begun
      yield* call("subject/watch", { kind: "animus.task", filter: null })
      assert.deepStrictEqual(filters, [{ kind: ["task"] }])
    }))
})
