import { Effect, Option } from "effect"
import * as fc from "fast-check"
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { makeBacklog } from "../../plugins/animus-subject-default/Backlog.ts"
import type { SubjectFilter, SubjectStatus } from "../../schemas/Subject.ts"
import { bundled, endAll, type Frame, startPlugin, until } from "./referencePluginsHost.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "animus-subjects-"))
})
afterEach(async () => {
  await endAll()
  rmSync(folder, { recursive: true, force: true })
})

const start = () => startPlugin(bundled("animus-subject-default"), folder, { ANIMUS_STATE_DIR: folder })

const changeKind = (data: unknown): unknown =>
  typeof data === "object" && data !== null && "change_kind" in data ? data.change_kind : undefined

const titles = ({ subjects }: Frame): ReadonlyArray<unknown> =>
  Array.isArray(subjects) ? subjects.map((subject) => subject.title) : []

describe("durability", () => {
  it("what was answered is there after kill -9, and ids go on", async () => {
    const first = await start()
    for (let n = 1; n <= 20; n++) {
      const { id } = await first.result("task/create", { kind: "task", title: `t${n}` })
      assert.strictEqual(id, `task:TASK-${String(n).padStart(3, "0")}`)
    }
    await first.result("task/status", { id: "task:TASK-003", status: "done" })
    await first.result("task/delete", { id: "TASK-020" })
    first.ask("task/create", { kind: "task", title: "in flight" })
    first.child.kill("SIGKILL")
    await first.exited

    const second = await start()
    const { subjects } = await second.result("subject/list")
    const kept = Array.isArray(subjects) ? subjects.filter(({ title }) => title !== "in flight") : []
    assert.strictEqual(kept.length, 19)
    assert.deepInclude(await second.result("task/get", { id: "task:TASK-003" }), { status: "done" })
    const { id } = await second.result("requirement/create", { kind: "requirement", title: "r" })
    assert.strictEqual(id, "requirement:REQ-001")
    const next = await second.result("task/create", { kind: "task", title: "after" })
    assert.notInclude(kept.map((subject) => subject.id).concat("task:TASK-020"), next["id"])
  })

  it("a damaged file is refused, told, left as it is, and read again when mended", async () => {
    const file = join(folder, "subjects.json")
    const damaged = "{\"version\":1,\"made\":1,\"entr"
    writeFileSync(file, damaged)
    const plugin = await start()
    for (const [method, params] of [["task/list", {}], ["task/create", { kind: "task", title: "t" }]] as const) {
      const { error } = await plugin.call(method, params)
      assert.include(JSON.stringify(error), "is damaged and was left as it is")
    }
    assert.deepInclude(await plugin.result("health/check"), { status: "unhealthy" })
    assert.strictEqual(readFileSync(file, "utf8"), damaged)
    rmSync(file)
    assert.deepStrictEqual(titles(await plugin.result("task/list")), [])
    assert.deepInclude(await plugin.result("health/check"), { status: "healthy" })
  })

  it("a full disk refuses the change and keeps the old state; later changes go on", async () => {
    const plugin = await start()
    await plugin.result("task/create", { kind: "task", title: "kept" })
    symlinkSync("/dev/full", join(folder, "subjects.json.tmp"))
    const { error } = await plugin.call("task/create", { kind: "task", title: "lost" })
    assert.include(JSON.stringify(error), "no space left")
    assert.include(JSON.stringify(error), "\"category\":\"unavailable\"")
    assert.deepStrictEqual(titles(await plugin.result("task/list")), ["kept"])
    await plugin.result("task/create", { kind: "task", title: "again" })
    assert.deepStrictEqual(titles(await plugin.result("task/list")), ["kept", "again"])
  })

  it("without a state folder it keeps out of git's sight", async () => {
    const plugin = await startPlugin(bundled("animus-subject-default"), folder)
    await plugin.result("task/create", { kind: "task", title: "t" })
    assert.isTrue(existsSync(join(folder, ".animus/state/subjects.json")))
    assert.strictEqual(readFileSync(join(folder, ".animus/state/.gitignore"), "utf8"), "*\n")
  })
})

describe("watching", () => {
  it("hears what it asked for, under the id of its request, until it is ended", async () => {
    const plugin = await start()
    const watch = plugin.ask("task/watch", { filter: { status: ["ready"] } })
    assert.deepStrictEqual((await plugin.answer(watch))["result"], { watching: true })
    await plugin.result("requirement/create", { kind: "requirement", title: "r" })
    await plugin.result("task/create", { kind: "task", title: "t" })
    await plugin.result("task/status", { id: "task:TASK-001", status: "done" })
    await plugin.result("task/update", { id: "task:TASK-001", patch: { labels_add: ["unseen"] } })
    await until("two changes", () => plugin.told("subject/changed").length === 2)
    const changes = plugin.told("subject/changed").map(({ data, id }) => [id, changeKind(data)])
    assert.deepStrictEqual(changes, [[watch, "created"], [watch, "status-changed"]])
    plugin.send({ method: "subject/unwatch", params: { watch_id: String(watch) } })
    await plugin.result("task/create", { kind: "task", title: "unseen" })
    await plugin.result("$/ping")
    assert.strictEqual(plugin.told("subject/changed").length, 2)
  })
})

interface Row {
  readonly id: string
  readonly kind: string
  readonly priority: number
  status: SubjectStatus
  labels: ReadonlySet<string>
  assignee: string | undefined
}

const statuses = ["ready", "in-progress", "blocked", "done", "cancelled"] as const
const kind = fc.constantFrom("task", "requirement")
const label = fc.constantFrom("a", "b", "c")
const pick = fc.nat(30)
const operation = fc.oneof(
  fc.record({
    op: fc.constant("create" as const),
    kind,
    priority: fc.nat(4),
    labels: fc.array(label, { maxLength: 2 })
  }),
  fc.record({ op: fc.constant("status" as const), pick, status: fc.constantFrom(...statuses) }),
  fc.record({
    op: fc.constant("update" as const),
    pick,
    add: label,
    remove: label,
    assignee: fc.constantFrom("ann", null, undefined)
  }),
  fc.record({ op: fc.constant("delete" as const), pick })
)
type Operation = typeof operation extends fc.Arbitrary<infer A> ? A : never

/** The backlog as the simplest thing that could be right. */
const expected = (rows: Array<Row>, made: Map<string, number>, step: Operation): string | undefined => {
  if (step.op === "create") {
    const n = (made.get(step.kind) ?? 0) + 1
    made.set(step.kind, n)
    const id = `${step.kind}:${step.kind === "task" ? "TASK" : "REQ"}-${String(n).padStart(3, "0")}`
    const { kind, labels, priority } = step
    rows.push({ id, kind, priority, status: "ready", labels: new Set(labels), assignee: undefined })
    return id
  }
  const row = rows[step.pick]
  if (row === undefined) return undefined
  if (step.op === "delete") rows.splice(step.pick, 1)
  if (step.op === "status") row.status = step.status
  if (step.op === "update") {
    row.labels = new Set([...[...row.labels].filter((label) => label !== step.remove), step.add])
    if (step.assignee !== undefined) row.assignee = step.assignee ?? undefined
  }
  return row.id
}

type Backend = Effect.Success<ReturnType<typeof makeBacklog>>

const perform = (backend: Backend, step: Operation, id: string | undefined) => {
  const { create, delete: remove, status, update } = backend
  if (create === undefined || remove === undefined || status === undefined || update === undefined) {
    return Effect.die("a verb is missing")
  }
  if (step.op === "create") return create({ kind: step.kind, title: "t", priority: step.priority, labels: step.labels })
  const at = id ?? "task:none"
  if (step.op === "delete") return remove(at)
  if (step.op === "status") return status({ id: at, status: step.status })
  const assignee = step.assignee === undefined ? {} : { assignee: step.assignee }
  return update({ id: at, patch: { labels_add: [step.add], labels_remove: [step.remove], ...assignee } })
}

const everyPage = Effect.fnUntraced(function*(backend: Backend, filter: SubjectFilter) {
  const found: Array<string> = []
  let cursor: string | undefined
  do {
    const page = yield* backend.list({ ...filter, limit: 2, ...(cursor === undefined ? {} : { cursor }) })
    found.push(...page.subjects.map((subject) => subject.id))
    cursor = page.next_cursor
  } while (cursor !== undefined)
  return found
})

const nextOf = (rows: ReadonlyArray<Row>, kind: string) =>
  rows.filter((row) => row.status === "ready" && row.kind === kind)
    .toSorted((left, right) => right.priority - left.priority)[0]?.id

describe("any sequence of changes", () => {
  it("is what the simplest model says, in every page and after a reload", async () => {
    let round = 0
    const check = Effect.fnUntraced(function*(steps: ReadonlyArray<Operation>) {
      const file = join(folder, `${round++}`, "subjects.json")
      const backend = yield* makeBacklog(file)
      const rows: Array<Row> = []
      const made = new Map<string, number>()
      for (const step of steps) {
        const id = expected(rows, made, step)
        const done = yield* Effect.result(perform(backend, step, id))
        assert.strictEqual(done._tag, id === undefined ? "Failure" : "Success")
      }
      for (const one of [backend, yield* makeBacklog(file)]) {
        const ids = (keep: (row: Row) => boolean) => rows.filter(keep).map((row) => row.id)
        assert.deepStrictEqual(yield* everyPage(one, {}), ids(() => true))
        assert.deepStrictEqual(
          yield* everyPage(one, { kind: ["task"], status: ["ready", "done"] }),
          ids((row) => row.kind === "task" && ["ready", "done"].includes(row.status))
        )
        assert.deepStrictEqual(
          yield* everyPage(one, { labels_all: ["a", "b"] }),
          ids((row) => row.labels.has("a") && row.labels.has("b"))
        )
        assert.deepStrictEqual(
          yield* everyPage(one, { labels_any: ["a", "c"], assignee: ["ann"] }),
          ids((row) => (row.labels.has("a") || row.labels.has("c")) && row.assignee === "ann")
        )
        const next = Option.getOrUndefined(yield* one.next?.("task") ?? Effect.succeedNone)
        assert.strictEqual(next?.id, nextOf(rows, "task"))
      }
    }, Effect.scoped)
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), (steps) => Effect.runPromise(check(steps))),
      { numRuns: 60 }
    )
  })
})
