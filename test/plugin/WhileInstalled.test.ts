import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { PluginNotFound } from "../../schemas/errors/PluginErrors.ts"
import { PluginCatalog } from "../../src/plugin/PluginCatalog.ts"
import { PluginHost, type PluginState } from "../../src/plugin/PluginHost.ts"
import { idleStatus } from "../../src/plugin/PluginStatus.ts"
import { whileInstalled } from "../../src/plugin/WhileInstalled.ts"

/** A plugin whose rounds are over at once, as the test says it stands. */
const makeWorld = Effect.sync(() => {
  const world = { state: "running" as PluginState | "gone", lockReason: "", rounds: 0, lines: Array<string>() }
  const gone = new PluginNotFound({ plugin: "hooks", known: [] })
  const host = Layer.mock(PluginHost, {
    status: () =>
      Effect.suspend(() =>
        world.state === "gone" ? Effect.fail(gone) : Effect.succeed({ ...idleStatus("hooks"), state: world.state })
      )
  })
  const catalog = Layer.succeed(
    PluginCatalog,
    PluginCatalog.fromDiscovery(Effect.sync(() => ({
      plugins: [],
      warnings: world.lockReason === ""
        ? []
        : [{ name: "plugins.lock", path: "/plugins.lock", source: "installed" as const, reason: world.lockReason }]
    })))
  )
  const logger = Logger.layer([Logger.make(({ message }) => void world.lines.push(String(message)))])
  const round = Effect.suspend(() => {
    world.rounds++
    return world.state === "gone" ? Effect.fail(gone) : Effect.void
  })
  const looking = whileInstalled("hooks", "watched", round).pipe(Effect.provide([host, catalog, logger]))
  return { world, looking }
})

describe("whileInstalled", () => {
  it.effect("waits with the next round while the plugin is disabled, and begins it once it is not", () =>
    Effect.gen(function*() {
      const { looking, world } = yield* makeWorld
      yield* Effect.forkChild(looking, { startImmediately: true })
      yield* TestClock.adjust("250 millis")
      assert.strictEqual(world.rounds, 2)
      world.state = "disabled"
      yield* TestClock.adjust("250 millis")
      const before = world.rounds
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(world.rounds, before)
      world.state = "idle"
      yield* TestClock.adjust("1250 millis")
      assert.strictEqual(world.rounds, before + 1)
      assert.deepStrictEqual(world.lines, [])
    }))

  it.effect("lets go of a plugin that was uninstalled, in one line that says how it comes back", () =>
    Effect.gen(function*() {
      const { looking, world } = yield* makeWorld
      const fiber = yield* Effect.forkChild(looking, { startImmediately: true })
      world.state = "gone"
      yield* TestClock.adjust("250 millis")
      yield* Fiber.join(fiber)
      assert.strictEqual(world.lines.length, 1)
      assert.match(
        world.lines[0] ?? "",
        /hooks is no longer installed, so it is no longer watched.*animus daemon start/
      )
    }))

  it.effect("keeps waiting while the list of what is installed cannot be read", () =>
    Effect.gen(function*() {
      const { looking, world } = yield* makeWorld
      yield* Effect.forkChild(looking, { startImmediately: true })
      world.state = "gone"
      world.lockReason = "it is being edited"
      yield* TestClock.adjust("1 minute")
      world.state = "running"
      world.lockReason = ""
      const before = world.rounds
      yield* TestClock.adjust("2 seconds")
      assert.isAbove(world.rounds, before)
      assert.deepStrictEqual(world.lines, [])
    }))
})
