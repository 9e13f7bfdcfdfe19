/** Files that change and come to rest: the rule, the clock it lives by, and real files. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as WatchedFilesGlob from "../../layers/WatchedFilesGlob.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import * as FileWatch from "../../src/trigger/FileWatch.ts"
import { step } from "../../src/trigger/FileWatchState.ts"
import { TriggerTarget } from "../../src/trigger/TriggerTarget.ts"
import { type NewestFile, WatchedFiles } from "../../src/trigger/WatchedFiles.ts"
import { Workflows } from "../../src/workflow/Workflows.ts"
import { problems, small } from "../workflow/Compiled.ts"

const file = (changed: number): NewestFile => ({ path: "a.md", changed })

describe("a change", () => {
  it("fires once the files are at rest, and once only", () => {
    const first = step(undefined, file(10), 0, 5000)
    assert.isUndefined(first.fires)
    const seen = step(first.next, file(20), 1000, 5000)
    assert.isUndefined(seen.fires)
    const moved = step(seen.waiting, file(21), 5000, 5000)
    assert.isUndefined(moved.fires)
    const rested = step(moved.waiting, file(21), 10_000, 5000)
    assert.deepStrictEqual(rested.fires, file(21))
    assert.isUndefined(step(rested.next, file(21), 99_000, 0).fires)
    assert.deepStrictEqual(step(rested.waiting, file(21), 11_000, 5000).fires, file(21))
  })

  it("of files that appear fires as well, and files that go do not", () => {
    const none = step(undefined, undefined, 0, 0)
    assert.deepStrictEqual(step(none.next, file(1), 1, 0).fires, file(1))
    assert.isUndefined(step({ baseline: 5, pending: undefined }, undefined, 1, 0).fires)
  })
})

describe("the watch", () => {
  it.effect("queues the work of a change, with what changed", () =>
    Effect.gen(function*() {
      let newest = file(1)
      const queued: Array<SubjectDispatch> = []
      const target = Layer.mock(TriggerTarget, {
        enqueue: (dispatch) =>
          Effect.sync(() => {
            queued.push(dispatch)
            return { id: "q", dispatch, priority: 0, state: "pending", enqueued_at: "" }
          })
      })
      const trigger = {
        id: "docs",
        type: "file_watcher" as const,
        enabled: true,
        workflow_ref: "w",
        config: { paths: ["*.md"], debounce_secs: 5 }
      }
      const world = Layer.mergeAll(
        target,
        Layer.succeed(WatchedFiles, { newest: () => Effect.sync(() => newest) }),
        Workflows.layerOf([], [trigger, { ...trigger, id: "off", enabled: false }]),
        Notifications.layer
      )
      yield* Effect.gen(function*() {
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(queued, [])
        newest = file(2)
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(queued, [])
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(queued.length, 1)
        assert.deepInclude(queued[0], { workflow_ref: "w", trigger_source: "file-watcher" })
        assert.deepInclude(queued[0]?.subject, { id: "trigger:docs", kind: "custom" })
        assert.deepInclude(queued[0]?.input, { path: "a.md", changed: "1970-01-01T00:00:02.000Z" })
      }).pipe(Effect.provide(FileWatch.layer.pipe(Layer.provide(world))))
    }))
})

describe("real files", () => {
  it.live("are found by pattern, the newest of them, below the project and not beside it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const root = yield* fs.makeTempDirectoryScoped({ prefix: "animus-files-" })
      const project = `${root}/project`
      yield* fs.makeDirectory(`${project}/docs/old`, { recursive: true })
      const write = (name: string, seconds: number) =>
        Effect.andThen(fs.writeFileString(`${root}/${name}`, "x"), fs.utimes(`${root}/${name}`, seconds, seconds))
      yield* write("project/docs/a.md", 100)
      yield* write("project/docs/b.md", 200)
      yield* write("project/docs/c.txt", 300)
      yield* write("project/docs/old/d.md", 400)
      yield* write("beside.md", 500)
      const scope = { projectRoot: project, projectDir: "", configDir: "", scopeDir: "", socketPath: "" }
      const newest = (patterns: ReadonlyArray<string>, ignore: ReadonlyArray<string> = []) =>
        Effect.provide(
          Effect.flatMap(WatchedFiles, (files) => files.newest(patterns, ignore)),
          WatchedFilesGlob.layer.pipe(Layer.provide(Layer.succeed(ProjectScope, scope)))
        )
      assert.deepStrictEqual(yield* newest(["docs/*.md"]), { path: "docs/b.md", changed: 200 })
      assert.strictEqual((yield* newest(["**/*.md"]))?.changed, 400)
      assert.strictEqual((yield* newest(["**/*.md"], ["docs/old/**"]))?.changed, 200)
      assert.isUndefined(yield* newest(["../*.md"]))
      assert.isUndefined(yield* newest(["nothing/**"]))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})

describe("a trigger in a file", () => {
  it.each([
    ["{ id: t, type: webhook, workflow_ref: w }", "needs a config"],
    ["{ id: t, type: file_watcher, workflow_ref: w, config: {} }", "paths is missing"],
    [
      "{ id: t, type: github_webhook, workflow_ref: w, config: { max_triggers_per_minute: 0 } }",
      "max_triggers_per_minute"
    ],
    ["{ id: t, type: file_watcher, workflow_ref: w, config: { paths: [a], debounce_secs: -1 } }", "debounce_secs"]
  ])("%s is refused", (trigger, expected) => {
    const found = problems(small("mode: manual, manual: { instructions: x }", "it", `triggers: [${trigger}]`))
    assert.include(found.join("\n"), expected)
  })
})
