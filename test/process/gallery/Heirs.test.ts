/** Rogues whose children are made not to be found: cleared environment, new session, orphaned, multiplying. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { type Place, runningAt, withPlugins } from "../plugin/Workshop.ts"
import { call, type Host, type Outcome, until, watch } from "./Gallery.ts"

const NAME = "fixture"

const outcomeOf = (host: Host) =>
  Effect.match(call(host), { onFailure: ({ _tag }): Outcome => _tag, onSuccess: (): Outcome => "answered" })

/** Names and not pids: some of them are others each time. */
const heirsAt = (place: Place, pid: number | undefined) =>
  Effect.map(
    runningAt(place),
    (rows) => rows.filter((row) => row.pid !== pid && !row.command.startsWith("node") && row.command !== "MainThread")
  )

/** The pid that the rogue's child writes once it has shed what it sheds. */
const stripped = ({ root }: Place) =>
  until("it has shed its traces", Effect.sync(() => existsSync(`${root}/shed`)), (there) => there).pipe(
    Effect.map(() => Number(readFileSync(`${root}/shed`, "utf8")))
  )

/** The neighbour works in the same folder and stays. */
const leavesNothing = (rogue: string, promise: string, expected: Outcome) =>
  watch(rogue, promise, (host, place) =>
    Effect.gen(function*() {
      yield* host.initialized(NAME)
      assert.strictEqual(yield* outcomeOf(host), expected)
      yield* host.restart(NAME, "the test ends it")
      yield* until("its heirs are gone", heirsAt(place, undefined), (rows) => rows.length === 0)
    }))

describe("a plugin whose heir", () => {
  leavesNothing("hydra", "answers SIGTERM with a copy of itself, is ended with all of them", "answered")
  leavesNothing("runner-away", "is another process every few milliseconds, is caught", "answered")
  leavesNothing("daemonizer", "lost parent, session, environment and stdio, is not outlived by it", "answered")
  leavesNothing("crash-with-tool", "was started in its last moment, is not outlived by it", "ConnectionLost")
  leavesNothing("holds-stdout", "holds nothing but its stdio, is not outlived by it", "answered")

  it.live(
    "sheds-every-trace: took off even the limit, before anybody looked, is not found and lives on",
    () =>
      Effect.gen(function*() {
        const { left, result: stranger } = yield* withPlugins(
          { fixture: "sheds-every-trace" },
          (host, place) => Effect.andThen(call(host), stripped(place))
        )
        assert.deepStrictEqual(left.map(({ pid }) => pid), [stranger])
      }),
    20_000
  )

  watch(
    "keeps-a-pipe",
    "kept one pipe and nothing else, is found by that and ended",
    (host, place) =>
      Effect.gen(function*() {
        yield* call(host)
        const pid = yield* stripped(place)
        const [limits, environ] = ["limits", "environ"].map((name) => readFileSync(`/proc/${pid}/${name}`, "utf8"))
        assert.match(limits ?? "", /^Max file locks +unlimited/m)
        assert.notInclude(environ, "ANIMUS")
        yield* host.restart(NAME, "the test ends it")
        yield* until("it is gone", runningAt(place), (rows) => rows.every((row) => row.pid !== pid))
      })
  )
})
