/**
 * Random sequences of what may happen to a plugin: 200 with plugins in this process and the test clock, so that hours pass,
 * restart budgets are used up and deadlines hold to the millisecond; 20 with real processes. They are others each time; the
 * seed is printed with what failed, and `ANIMUS_SEED=<seed>` runs the same sequences again.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { randomInt } from "node:crypto"
import { env } from "node:process"
import type { MemoryProgram } from "../../../layers/PluginProcessMemory.ts"
import { PluginHost } from "../../../src/plugin/PluginHost.ts"
import { answer, hostOf, note, serving } from "../../plugin/scripted.ts"
import { withPlugins } from "../plugin/Workshop.ts"
import { type Ending, judge, live, type Pace, sequences, type Step } from "./Sequence.ts"

const chosen = env["ANIMUS_SEED"] ?? "random"
const SEED = chosen === "random" ? randomInt(2 ** 31) : Number(chosen)

const told = (at: number, steps: ReadonlyArray<Step>, faults: ReadonlyArray<string>) =>
  `sequence ${at} of ANIMUS_SEED=${SEED}: ${faults.join("; ")}\n${JSON.stringify(steps)}`

interface Told {
  readonly call: number
  readonly notes: number
  readonly ending: Ending
  readonly millis: number
}

/** What `controllable.mjs` is as a process; `alive` has those that have not ended. */
const controllable = (alive: Set<number>): MemoryProgram => {
  let born = 0
  const program = (pid: number) =>
    serving(({ id, method, params }, { say }) => {
      const { call, ending, millis, notes } = params as Told
      if (method === "crash") return Effect.succeed(1)
      if (method === "stall") return Effect.sleep(millis)
      if (method !== "work") return Effect.void
      return Effect.forEach(Array.from({ length: notes }, (_, n) => n), (n) => say(note("note", { call, n })), {
        discard: true
      }).pipe(
        Effect.andThen(ending === "answer" ? say(answer(id, pid)) : Effect.void),
        Effect.as(ending === "crash" ? 1 : undefined)
      )
    }, { cancellation: true })
  return (command) =>
    Effect.suspend(() => {
      // As the double counts its processes.
      const pid = 1_000_000_000 + ++born
      alive.add(pid)
      return Effect.ensuring(program(pid)(command), Effect.sync(() => alive.delete(pid)))
    })
}

const inMemory: Pace = { deadline: 30_000, wait: 20_000 }
const asProcess: Pace = { deadline: 1_000, wait: 100 }

/** Closes while the clock goes on; the owners are closed last. */
const remembered = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>) {
  const alive = new Set<number>()
  const [scope, owners] = yield* Effect.all([Scope.make(), Scope.make()])
  const context = yield* Layer.buildWithScope(hostOf(controllable(alive)), scope)
  const host = yield* Effect.provideContext(PluginHost, context)
  const pause = (millis: number) => TestClock.adjust(millis)
  const life = yield* live(host, steps, owners, pause, inMemory)
  const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
  yield* TestClock.adjust("1 minute")
  assert.isDefined(closing.pollUnsafe(), "the host did not close within a minute")
  yield* Fiber.join(closing)
  yield* Scope.close(owners, Exit.void)
  return { life, left: alive.size }
})

const real = Effect.fnUntraced(function*(steps: ReadonlyArray<Step>) {
  const owners = yield* Scope.make()
  const { left, result: life } = yield* withPlugins(
    { demo: "controllable" },
    (host) => live(host, steps, owners, Effect.sleep, asProcess)
  )
  yield* Scope.close(owners, Exit.void)
  return { life, left: left.length }
})

/** A call whose process came with its deadline is given one more. */
const LAST_MILLISECOND = 1
const BUSY_MACHINE = 3_000

describe("whatever happens to a plugin, every call ends in time, no owner misses a note, and nothing is left", () => {
  it.effect(
    `in 200 lives of a plugin in memory, by ANIMUS_SEED=${SEED}`,
    () =>
      Effect.forEach(sequences(inMemory, SEED, 200), (steps, at) =>
        Effect.gen(function*() {
          const { left, life } = yield* remembered(steps)
          const faults = [...judge(life, LAST_MILLISECOND), ...left === 0 ? [] : [`${left} processes were left`]]
          assert.isEmpty(faults, told(at, steps, faults))
        })),
    300_000
  )

  it.live(
    `in 20 lives of a plugin as a process, by ANIMUS_SEED=${SEED}`,
    () =>
      Effect.forEach(sequences(asProcess, SEED, 20), (steps, at) =>
        Effect.gen(function*() {
          const { left, life } = yield* real(steps)
          const faults = [...judge(life, BUSY_MACHINE), ...left === 0 ? [] : [`${left} processes were left`]]
          assert.isEmpty(faults, told(at, steps, faults))
        }), { concurrency: 5 }),
    300_000
  )
})
