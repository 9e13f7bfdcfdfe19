import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Result, Scope, Stream } from "effect"
import * as FastCheck from "fast-check"
import { ConnectionLost, MethodNotSupported, PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { makeRoutes, resolve } from "../../src/subject/Routes.ts"
import { SubjectRouter } from "../../src/subject/SubjectRouter.ts"
import { HostDouble } from "../agent/HostDouble.ts"

const subject = (id: string, kind = "task", more: Record<string, Json> = {}): Record<string, Json> => ({
  id,
  kind,
  title: `title of ${id}`,
  status: "ready",
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  ...more
})

const manifests = { tasks: ["subject_kind:task", "subject_kind:task.*"], linear: ["subject_kind:issue"] }
const routerOf = (host: HostDouble, env: Record<string, string> = {}) =>
  SubjectRouter.layer.pipe(
    Layer.provide(host.layer),
    Layer.provide(Layer.succeed(HostEnvironment, { env, cookie: "c", generation: "g" }))
  )
const answering = (answer: ConstructorParameters<typeof HostDouble>[1]) => new HostDouble(manifests, answer)

describe("routes", () => {
  const table = makeRoutes([
    { kind: "task", plugin: "exact" },
    { kind: "task.*", plugin: "short" },
    { kind: "task.sub.*", plugin: "long" },
    { kind: "a.*", plugin: "a" }
  ])

  it.each([
    ["task", "exact"],
    ["task.x", "short"],
    ["task.sub", "short"],
    ["task.sub.y", "long"],
    ["task.sub.y.z", "long"],
    ["a", undefined],
    ["a.", undefined],
    ["ab.c", undefined],
    ["tas", undefined],
    ["task.*", undefined],
    ["task/x", undefined],
    ["", undefined]
  ])("%s -> %s", (kind, plugin) => assert.deepStrictEqual(resolve(table, kind), Result.succeed(plugin)))

  it("takes the longest of what matches, in whatever order it was claimed", () => {
    const part = FastCheck.constantFrom("a", "b", "c")
    const path = FastCheck.array(part, { minLength: 1, maxLength: 4 })
    FastCheck.assert(
      FastCheck.property(
        FastCheck.uniqueArray(path, { selector: String }),
        path,
        FastCheck.nat(),
        (globs, asked, turn) => {
          const claims = globs.map((glob) => ({ kind: `${glob.join(".")}.*`, plugin: glob.join(".") }))
          const turned = claims.map((_, index) => claims[(index + turn) % claims.length] ?? { kind: "x", plugin: "x" })
          const kind = asked.join(".")
          const expected = claims.map(({ plugin }) => plugin).filter((plugin) => kind.startsWith(`${plugin}.`))
            .toSorted((a, b) => b.length - a.length)[0]
          assert.deepStrictEqual(resolve(makeRoutes(turned), kind), Result.succeed(expected))
        }
      ),
      { numRuns: 1000 }
    )
  })

  it.effect("a kind or glob that two plugins claim is served by neither, and the others go on", () =>
    Effect.gen(function*() {
      for (const [claim, kind] of [["task", "task"], ["task.*", "task.x"]] as const) {
        const host = new HostDouble({
          one: [`subject_kind:${claim}`, "subject_kind:issue"],
          two: [`subject_kind:${claim}`, "subject_kind:*.x"]
        }, () => Effect.succeed({ subject: subject("issue:1", "issue") }))
        const router = yield* SubjectRouter.pipe(Effect.provide(routerOf(host)))
        const error = yield* Effect.flip(router.next(kind))
        assert.deepInclude(error, { _tag: "DuplicateKindClaim", kind: claim, plugins: ["one", "two"] })
        assert.include(error.message, "animus plugin uninstall")
        assert.strictEqual((yield* router.get("issue:1")).id, "issue:1")
      }
    }))
})

describe("SubjectRouter", () => {
  it.effect("asks the plugin of the kind, in its words, with flat params and a deadline", () => {
    const host = answering(({ method }) =>
      Effect.succeed(
        method.endsWith("list")
          ? { subjects: [subject("7")] }
          : method === "issue/get"
          ? { subject: subject("issue:1", "issue") }
          : subject("TASK-1")
      )
    )
    return Effect.gen(function*() {
      const router = yield* SubjectRouter
      assert.deepStrictEqual(
        (yield* router.list({ kind: ["task.x"], status: ["ready"] })).subjects.map(({ id }) => id),
        ["task:7"]
      )
      assert.strictEqual((yield* router.get("issue:1")).id, "issue:1")
      assert.strictEqual((yield* router.create({ kind: "task", title: "t" })).id, "task:TASK-1")
      assert.strictEqual((yield* router.update("task:TASK-1", { assignee: null })).id, "task:TASK-1")
      assert.strictEqual((yield* router.setStatus("task:TASK-1", "done")).id, "task:TASK-1")
      assert.strictEqual((yield* router.next("task"))?.id, "task:TASK-1")
      assert.deepStrictEqual(host.calls.map(({ method, params, plugin }) => [plugin, method, params]), [
        ["tasks", "task.x/list", { kind: ["task.x"], status: ["ready"] }],
        ["linear", "issue/get", { id: "issue:1" }],
        ["tasks", "task/create", { kind: "task", title: "t" }],
        ["tasks", "task/update", { id: "task:TASK-1", patch: { assignee: null } }],
        ["tasks", "task/status", { id: "task:TASK-1", status: "done" }],
        ["tasks", "task/next", {}]
      ])
      assert.isTrue(host.calls.every(({ options }) => (options?.timeout ?? 0) > 0))
      const backends = yield* Effect.forEach(["task", "task.x", "issue", "note"], router.backendOf)
      assert.deepStrictEqual(backends, ["tasks", "tasks", "linear", undefined])
    }).pipe(Effect.provide(routerOf(host)))
  })

  it.effect.each([null, {}, { subject: null }])("has nothing next, worded %j", (answer) =>
    Effect.gen(function*() {
      assert.isUndefined(yield* SubjectRouter.use((router) => router.next("task")))
    }).pipe(Effect.provide(routerOf(answering(() => Effect.succeed(answer))))))

  it.effect("prefixes ids that lead nowhere else, and only those", () => {
    const host = answering(() =>
      Effect.succeed({
        subjects: [
          subject("1", "task", { parent: "2", children: ["task:3", "x:4"] }),
          subject("task.x:9"),
          subject("issue:5"),
          subject("8", "task.x")
        ]
      })
    )
    return Effect.gen(function*() {
      const { subjects } = yield* SubjectRouter.use((router) => router.list({ kind: ["task"] }))
      assert.deepStrictEqual(subjects.map(({ id }) => id), ["task:1", "task.x:9", "task:issue:5", "task.x:8"])
      assert.deepStrictEqual([subjects[0]?.parent, subjects[0]?.children], ["task:2", ["task:3", "task:x:4"]])
    }).pipe(Effect.provide(routerOf(host)))
  })

  it.effect("fails typed: unknown kind, no kind, bare id, absent subject, answers that are none", () => {
    const host = answering(({ method }) =>
      Effect.succeed(method === "task/list" ? { subjects: 3 } : method === "task/get" ? null : "what")
    )
    return Effect.gen(function*() {
      const router = yield* SubjectRouter
      const tag = <A, E extends { readonly _tag: string; readonly category: string }>(effect: Effect.Effect<A, E>) =>
        Effect.map(Effect.flip(effect), ({ _tag, category }) => [_tag, category])
      assert.deepStrictEqual(yield* tag(router.get("wat:1")), ["NoBackendForKind", "not_found"])
      assert.deepStrictEqual(yield* tag(router.list({})), ["InvalidInput", "invalid_request"])
      assert.deepStrictEqual(yield* tag(router.list({ kind: [] })), ["InvalidInput", "invalid_request"])
      assert.deepStrictEqual(yield* tag(router.list({ kind: ["task"], cursor: "nonsense" })), [
        "InvalidInput",
        "invalid_request"
      ])
      for (const id of ["TASK-1", ":1", "task:", ""]) {
        assert.deepStrictEqual(yield* tag(router.get(id)), ["InvalidInput", "invalid_request"])
      }
      assert.deepStrictEqual(yield* tag(router.get("task:1")), ["SubjectNotFound", "not_found"])
      assert.deepStrictEqual(yield* tag(router.list({ kind: ["task"] })), ["PluginRefused", "internal"])
      assert.deepStrictEqual(yield* tag(router.next("task")), ["PluginRefused", "internal"])
    }).pipe(Effect.provide(routerOf(host)))
  })

  it.effect("says of a subject that the plugin does not know what to look at next; other refusals stay the plugin's", () => {
    const refusing = (code: number, category: string) =>
      answering(({ method }) =>
        Effect.fail(new PluginRefused({ plugin: "first", method, code, detail: "no", data: { category } }))
      )
    const asked = (host: ReturnType<typeof answering>) =>
      Effect.gen(function*() {
        const router = yield* SubjectRouter
        return [
          yield* Effect.flip(router.get("task:9")),
          yield* Effect.flip(router.setStatus("task:9", "done")),
          yield* Effect.flip(router.update("task:9", { status: "done" })),
          yield* Effect.flip(router.create({ kind: "task", title: "T" }))
        ]
      }).pipe(Effect.provide(routerOf(host)))
    return Effect.gen(function*() {
      const [got, set, updated, created] = yield* asked(refusing(-32602, "not_found"))
      for (const error of [got, set, updated]) {
        assert.deepStrictEqual([error?._tag, error?.category], ["SubjectNotFound", "not_found"])
        assert.include(error?.message, "animus subject list --kind task")
      }
      assert.strictEqual(created?._tag, "PluginRefused")
      const [invalid] = yield* asked(refusing(-32602, "invalid_request"))
      assert.deepStrictEqual([invalid?._tag, invalid?.category], ["PluginRefused", "invalid_request"])
      const [missing] = yield* asked(refusing(-32601, "not_found"))
      assert.strictEqual(missing?._tag, "PluginRefused")
    })
  })

  it.effect("serves nothing when it is switched off, and says by what", () => {
    const host = answering(() => Effect.succeed({ subjects: [] }))
    return Effect.gen(function*() {
      const error = yield* Effect.flip((yield* SubjectRouter).list({ kind: ["task"] }))
      assert.strictEqual(error._tag, "NoBackendForKind")
      assert.include(error.message, "ANIMUS_DAEMON_DISABLE_SUBJECT_PLUGINS is set")
      assert.deepStrictEqual(host.calls, [])
    }).pipe(Effect.provide(routerOf(host, { ANIMUS_DAEMON_DISABLE_SUBJECT_PLUGINS: "1" })))
  })

  it.effect("sets a status by an update where that is the only way", () => {
    const host = answering(({ method, plugin }) =>
      method.endsWith("/status")
        ? Effect.fail(new MethodNotSupported({ plugin, method }))
        : Effect.succeed(subject("1"))
    )
    return Effect.gen(function*() {
      yield* SubjectRouter.use((router) => router.setStatus("task:1", "done"))
      assert.deepStrictEqual(host.calls.map(({ method, params }) => [method, params]).at(-1), ["task/update", {
        id: "task:1",
        patch: { status: "done" }
      }])
    }).pipe(Effect.provide(routerOf(host)))
  })

  it.effect("speaks to a plugin that serves the verbs of all subjects alone, and remembers that it does", () => {
    const host = answering(({ method, plugin }) =>
      method.startsWith("subject/")
        ? Effect.succeed(method.endsWith("list") ? { subjects: [subject("1")] } : { subject: subject("1") })
        : Effect.fail(new MethodNotSupported({ plugin, method }))
    )
    return Effect.gen(function*() {
      const router = yield* SubjectRouter
      yield* router.list({ kind: ["task"] })
      yield* router.list({ kind: ["task"] })
      assert.strictEqual((yield* router.get("task:1")).id, "task:1")
      assert.strictEqual((yield* router.next("task"))?.id, "task:1")
      assert.deepStrictEqual(host.calls.map(({ method, params }) => [method, params]), [
        ["task/list", { kind: ["task"] }],
        ["subject/list", { kind: ["task"] }],
        ["subject/list", { kind: ["task"] }],
        ["task/get", { id: "task:1" }],
        ["subject/get", { id: "task:1" }],
        ["task/next", {}],
        ["subject/next", { kind: "task" }]
      ])
    }).pipe(Effect.provide(routerOf(host)))
  })

  it.effect("deletes, or cancels where nothing is deleted, or says that it is not there", () =>
    Effect.gen(function*() {
      const remove = (host: ReturnType<typeof answering>) =>
        SubjectRouter.use((router) => router.remove("task:1")).pipe(Effect.provide(routerOf(host)))
      const able = answering(() => Effect.succeed({ ok: true }))
      yield* remove(able)
      assert.deepStrictEqual(able.methods, ["task/delete"])
      const unable = answering(({ method, plugin }) =>
        method.endsWith("/delete")
          ? Effect.fail(new MethodNotSupported({ plugin, method }))
          : Effect.succeed(subject("1"))
      )
      yield* remove(unable)
      assert.deepStrictEqual(unable.calls.at(-1)?.params, { id: "task:1", status: "cancelled" })
      const gone = answering(({ method, plugin }) =>
        Effect.fail(new PluginRefused({ plugin, method, code: -32602, detail: "no", data: { category: "not_found" } }))
      )
      assert.strictEqual((yield* Effect.flip(remove(gone)))._tag, "SubjectNotFound")
    }))

  it.effect("pages through several kinds without losing or repeating one", () => {
    const all: Record<string, ReadonlyArray<string>> = {
      task: ["1", "2", "3"],
      issue: ["4"],
      "task.x": [],
      "task.y": ["5", "6"]
    }
    const host = answering(({ method, params }) => {
      const kind = method.split("/")[0] ?? ""
      const { cursor, limit } = params as { readonly cursor?: string; readonly limit?: number }
      const from = Number(cursor ?? 0)
      const size = Math.min(limit ?? 2, 2)
      const subjects = (all[kind] ?? []).slice(from, from + size).map((id) => subject(`${kind}:${id}`, kind))
      const more = from + size < (all[kind]?.length ?? 0)
      // The last page of the one kind has no cursor, of the other an empty one.
      const end = kind === "task" ? { subjects } : { subjects, next_cursor: "" }
      return Effect.succeed(more ? { subjects, next_cursor: String(from + size) } : end)
    })
    return Effect.gen(function*() {
      const router = yield* SubjectRouter
      for (const limit of [1, 2, 3, 100, undefined]) {
        const seen: Array<string> = []
        let cursor: string | undefined
        for (let page = 0; page < 20; page++) {
          const list = yield* router.list({
            kind: Object.keys(all),
            ...(limit === undefined ? {} : { limit }),
            ...(cursor === undefined ? {} : { cursor })
          })
          assert.isAtMost(list.subjects.length, limit ?? 100)
          seen.push(...list.subjects.map(({ id }) => id))
          cursor = list.next_cursor
          if (cursor === undefined) break
        }
        assert.deepStrictEqual(seen, ["task:1", "task:2", "task:3", "issue:4", "task.y:5", "task.y:6"])
      }
    }).pipe(Effect.provide(routerOf(host)))
  })
})

describe("watch", () => {
  const change = (id: string, kind = "task") => ({ change_kind: "updated", subject: subject(id, kind) })

  it.effect("hears what is said before the acknowledgement, in either wording, and no other watch's", () => {
    const host = answering((_, host) =>
      host.emit("tasks", ["subject/changed", { id: 1, data: { id: "a", ...change("a") } }], ["subject/changed", {
        id: 2,
        data: { id: "x", ...change("x") }
      }]).pipe(
        Effect.as({ watching: true }),
        Effect.delay(0)
      )
    )
    return Effect.gen(function*() {
      const router = yield* SubjectRouter
      const changes = yield* router.watch(["task"], { status: ["ready"] })
      assert.deepStrictEqual(host.calls[0]?.params, { kind: "task", filter: { status: ["ready"] } })
      const reading = yield* changes.pipe(Stream.take(4), Stream.runCollect, Effect.forkChild)
      yield* host.emit("tasks", ["subject/changed", { id: "1", ...change("b") }], ["subject/changed", {
        id: 1,
        nonsense: true
      }])
      yield* host.emit("tasks", ["agent/output", { id: 1 }], ["subject/changed", { id: "task:c", ...change("c") }])
      yield* host.emit("tasks", ["subject/changed", { id: "i", ...change("i", "issue") }], ["subject/changed", {
        id: 1,
        ...change("d")
      }])
      assert.deepStrictEqual((yield* Fiber.join(reading)).map(({ id }) => id), ["task:a", "task:b", "task:c", "task:d"])
    }).pipe(Effect.scoped, Effect.provide(routerOf(host)))
  })

  it.effect("tells the plugin when nobody watches any more, and fails when the plugin is lost", () => {
    const host = answering(() => Effect.succeed({ watching: true }))
    return Effect.gen(function*() {
      const router = yield* SubjectRouter
      const scope = yield* Scope.make()
      const changes = yield* Scope.provide(router.watch(["task"]), scope)
      const reading = yield* Effect.forkChild(Effect.flip(Stream.runDrain(changes)))
      yield* host.lose("tasks", new ConnectionLost({ plugin: "tasks", detail: "gone" }))
      assert.strictEqual((yield* Fiber.join(reading))._tag, "ConnectionLost")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(host.notified, [{ method: "task/unwatch", params: { watch_id: "1" } }])
      assert.strictEqual(host.owners.size, 0)
    }).pipe(Effect.provide(routerOf(host)))
  })

  it.effect("is of all kinds that can be watched when none is named, in the spelling that each plugin knows", () => {
    const host = answering(({ method, plugin }) =>
      plugin === "linear" && method !== "subject/watch"
        ? Effect.fail(new MethodNotSupported({ plugin, method }))
        : Effect.succeed({ watching: true })
    )
    return Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const changes = yield* SubjectRouter.use((router) => router.watch([]))
        const reading = yield* changes.pipe(Stream.take(2), Stream.runCollect, Effect.forkChild)
        const ids = host.calls.map(({ method }, at) => [method, at + 1] as const)
        assert.deepStrictEqual(ids.map(([method]) => method).toSorted(), ["issue/watch", "subject/watch", "task/watch"])
        const watchOf = (method: string) => ids.find(([name]) => name === method)?.[1]
        yield* host.emit("tasks", ["subject/changed", { id: watchOf("task/watch"), ...change("a") }])
        yield* host.emit("linear", ["subject/changed", { id: watchOf("subject/watch"), ...change("b", "issue") }])
        assert.deepStrictEqual((yield* Fiber.join(reading)).map(({ id }) => id), ["task:a", "issue:b"])
      }))
      assert.deepStrictEqual(host.notified.map(({ method }) => method).toSorted(), ["subject/unwatch", "task/unwatch"])
    }).pipe(Effect.provide(routerOf(host)))
  })

  it.effect("leaves nothing behind when the plugin cannot watch", () => {
    const host = answering(({ method, plugin }) => Effect.fail(new MethodNotSupported({ plugin, method })))
    return Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(SubjectRouter.use((router) => router.watch(["task"]))))
      assert.strictEqual(error._tag, "MethodNotSupported")
      assert.strictEqual(host.owners.size, 0)
    }).pipe(Effect.provide(routerOf(host)))
  })
})
