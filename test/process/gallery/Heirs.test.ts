/** Rogues whose children are made not to be found: cleared environment, new session, orphaned, multiplying. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
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
        const { left } = yield* withPlugins({ fixture: "sheds-every-trace" }, (host) =>
          Effect.gen(function*() {
            assert.strictEqual(yield* call(host), "nobody's")
            // It has its way only if it is through before the next look.
            yield* Effect.sleep("300 millis")
          }))
        assert.deepStrictEqual(left.map(({ command }) => command), ["sleep"])
      }),
    20_000
  )
})
