import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as SubjectRouterMemory from "../../layers/SubjectRouterMemory.ts"
import { Subject } from "../../schemas/Subject.ts"
import { SubjectRouter } from "../../src/subject/SubjectRouter.ts"

const initial = Schema.decodeUnknownSync(Subject)({
  id: "task:TASK-1",
  kind: "task",
  title: "here before",
  status: "ready",
  labels: ["old"],
  native_status: "todo",
  custom: { keep: 1, drop: 2 },
  created_at: "1970-01-01T00:00:00.000Z",
  updated_at: "1970-01-01T00:00:00.000Z"
})

const subjects = SubjectRouterMemory.layer(["task", "issue"], [initial])
const test = (name: string, body: (router: SubjectRouter["Service"]) => Effect.Effect<void, unknown>) =>
  it.effect(name, () => Effect.provide(Effect.flatMap(SubjectRouter, body), subjects))

describe("SubjectRouterMemory", () => {
  test("gives every subject an id of its own, and gives it back", (router) =>
    Effect.gen(function*() {
      const made = yield* router.create({ kind: "task", title: "t", body: "b", priority: 3, labels: ["a"] })
      const other = yield* router.create({ kind: "issue", title: "i", status: "blocked" })
      assert.notStrictEqual(made.id, initial.id)
      assert.deepInclude(made, { kind: "task", description: "b", status: "ready", priority: 3, labels: ["a"] })
      assert.deepStrictEqual(yield* router.get(made.id), made)
      assert.deepStrictEqual(yield* router.get(initial.id), initial)
      assert.strictEqual(other.status, "blocked")
      assert.deepStrictEqual(yield* Effect.forEach(["task", "none"], router.backendOf), ["memory", undefined])
    }))

  test("refuses what the real one refuses", (router) =>
    Effect.gen(function*() {
      const refused = [
        [router.get("nothing"), "InvalidInput"],
        [router.get("task:"), "InvalidInput"],
        [router.list({}), "InvalidInput"],
        [router.list({ kind: ["task"], cursor: "elsewhere" }), "InvalidInput"],
        [router.get("other:1"), "NoBackendForKind"],
        [router.next("other"), "NoBackendForKind"],
        [router.create({ kind: "other", title: "t" }), "NoBackendForKind"],
        [router.get("task:NOPE"), "SubjectNotFound"],
        [router.setStatus("task:NOPE", "done"), "SubjectNotFound"]
      ] as const
      for (const [call, tag] of refused) {
        assert.strictEqual((yield* Effect.flip<unknown, { readonly _tag: string }, never>(call))._tag, tag)
      }
    }))

  test("changes what a patch names, clears what it nulls, and keeps the rest", (router) =>
    Effect.gen(function*() {
      yield* router.update(initial.id, { assignee: "ann", labels_add: ["new", "old"], custom: { drop: null, more: 3 } })
      yield* TestClock.adjust("1 second")
      const changed = yield* router.update(initial.id, { assignee: null, labels_remove: ["old"] })
      assert.deepInclude(changed, { title: "here before", status: "ready", labels: ["new"] })
      assert.deepStrictEqual(changed.custom, { keep: 1, more: 3 })
      assert.notProperty(changed, "assignee")
      assert.strictEqual(changed.updated_at, "1970-01-01T00:00:01.000Z")
      assert.strictEqual((yield* router.setStatus(initial.id, "done")).status, "done")
    }))

  test("lists by every key of the filter, page by page", (router) =>
    Effect.gen(function*() {
      yield* router.create({ kind: "task", title: "b", labels: ["x", "y"], assignee: "ann" })
      yield* router.create({ kind: "issue", title: "c", status: "blocked" })
      yield* router.create({ kind: "task", title: "d", labels: ["x"] })
      const kind = ["task", "issue"]
      const titles = (filter: Parameters<typeof router.list>[0]) =>
        Effect.map(router.list({ kind, ...filter }), ({ subjects }) => subjects.map(({ title }) => title))
      assert.deepStrictEqual(yield* titles({}), ["here before", "b", "d", "c"])
      assert.deepStrictEqual(yield* titles({ kind: ["issue"] }), ["c"])
      assert.deepStrictEqual(yield* titles({ status: ["blocked", "done"] }), ["c"])
      assert.deepStrictEqual(yield* titles({ assignee: ["ann"] }), ["b"])
      assert.deepStrictEqual(yield* titles({ labels_any: ["y", "old"] }), ["here before", "b"])
      assert.deepStrictEqual(yield* titles({ labels_all: ["x", "y"] }), ["b"])
      assert.deepStrictEqual(yield* titles({ native_status: "todo" }), ["here before"])
      assert.deepStrictEqual(yield* titles({ updated_since: "1971-01-01T00:00:00Z" }), [])
      assert.deepStrictEqual(yield* titles({ has_attachment_kind: "file" }), [])

      const pages: Array<ReadonlyArray<string>> = []
      let cursor: string | undefined
      do {
        const page = yield* router.list({ kind, limit: 2, ...(cursor === undefined ? {} : { cursor }) })
        pages.push(page.subjects.map(({ title }) => title))
        cursor = page.next_cursor
      } while (cursor !== undefined)
      assert.deepStrictEqual(pages, [["here before", "b"], ["d", "c"]])
    }))

  test("next is the ready one that matters most, then the oldest", (router) =>
    Effect.gen(function*() {
      yield* router.create({ kind: "task", title: "low", priority: 1 })
      yield* router.create({ kind: "task", title: "high", priority: 3 })
      yield* router.create({ kind: "task", title: "high too", priority: 3 })
      const critical = yield* router.create({ kind: "task", title: "busy", priority: 4, status: "in-progress" })
      assert.strictEqual((yield* router.next("task"))?.title, "high")
      yield* router.setStatus(critical.id, "ready")
      assert.strictEqual((yield* router.next("task"))?.title, "busy")
      assert.isUndefined(yield* router.next("issue"))
    }))

  test("a watch stands when it returns, and tells changes of its kind and filter", (router) =>
    Effect.scoped(Effect.gen(function*() {
      const changes = yield* router.watch(["task"], { labels_any: ["x"] })
      const told = yield* Effect.forkChild(Stream.runCollect(Stream.take(changes, 2)))
      yield* router.create({ kind: "issue", title: "i", labels: ["x"] })
      const { id } = yield* router.create({ kind: "task", title: "t", labels: ["x"] })
      yield* router.update(initial.id, { assignee: "ann" })
      yield* router.setStatus(id, "done")
      assert.deepStrictEqual((yield* Fiber.join(told)).map((one) => [one.id, one.change_kind]), [
        [id, "created"],
        [id, "status-changed"]
      ])
    })))
})
