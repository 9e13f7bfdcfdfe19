import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SessionId } from "../../schemas/Ids.ts"
import { ProviderProcesses } from "../../src/agent/SessionProcesses.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import type { PluginHeirs } from "../../src/plugin/PluginProcess.ts"
import type { ProcessRow } from "../../src/project/ProcessTable.ts"

const [one, two] = [SessionId.make("one"), SessionId.make("two")]

/** A provider's heirs, by name; whatever is ended is gone, but for what will not go. */
class Tools {
  running: ReadonlyArray<string> = []
  stubborn: ReadonlyArray<string> = []

  private get rows(): ReadonlyArray<ProcessRow> {
    return this.running.map((command) => ({ pid: command.charCodeAt(0), startTime: "1", command }))
  }

  private end(goes: (row: ProcessRow) => boolean) {
    return Effect.sync(() => {
      const rows = this.rows.filter(goes)
      const survivors = rows.filter(({ command }) => this.stubborn.includes(command))
      const ended = rows.filter((row) => !survivors.includes(row))
      this.running = this.running.filter((name) => !ended.some(({ command }) => command === name))
      return { ended, survivors }
    })
  }

  readonly heirs: PluginHeirs = {
    now: Effect.sync(() => this.rows),
    end: (rows) => this.end((row) => rows.some(({ pid }) => pid === row.pid)),
    endAllBut: (rows) => this.end((row) => rows.every(({ pid }) => pid !== row.pid)),
    survivors: () => []
  }
}

const scene = <A>(play: (tools: Tools, processes: ProviderProcesses) => Effect.Effect<A, never, PluginHost>) => {
  const tools = new Tools()
  const host = Layer.mock(PluginHost)({ heirs: () => Effect.succeed(tools.heirs) })
  return Effect.provide(play(tools, new ProviderProcesses("p")), host)
}

const names = (rows: ReadonlyArray<ProcessRow>) => rows.map(({ command }) => command)

describe("after a cancelled session", () => {
  it.effect("whatever appeared since it began ends, and what was there before stays", () =>
    scene((tools, processes) =>
      Effect.gen(function*() {
        tools.running = ["helper"]
        yield* processes.begin(one)
        tools.running = ["helper", "shell", "build"]
        assert.deepStrictEqual(yield* processes.clear(one), [])
        assert.deepStrictEqual(tools.running, ["helper"])
      })
    ))

  it.effect("what began while it was alone ends; what may be another's lives, and is named", () =>
    scene((tools, processes) =>
      Effect.gen(function*() {
        yield* processes.begin(one)
        tools.running = ["a"]
        yield* processes.begin(two)
        tools.running = ["a", "b"]
        assert.deepStrictEqual(names(yield* processes.clear(one)), ["b"])
        assert.deepStrictEqual(tools.running, ["b"])
        assert.deepStrictEqual(yield* processes.clear(two), [])
        assert.deepStrictEqual(tools.running, [])
      })
    ))

  it.effect("what a session before it left running when it ended well goes on", () =>
    scene((tools, processes) =>
      Effect.gen(function*() {
        yield* processes.begin(one)
        tools.running = ["server"]
        yield* processes.end(one)
        yield* processes.begin(two)
        tools.running = ["server", "tool"]
        assert.deepStrictEqual(yield* processes.clear(two), [])
        assert.deepStrictEqual(tools.running, ["server"])
      })
    ))

  it.effect("what cannot be ended is named", () =>
    scene((tools, processes) =>
      Effect.gen(function*() {
        yield* processes.begin(one)
        tools.running = ["wedged"]
        tools.stubborn = ["wedged"]
        assert.deepStrictEqual(names(yield* processes.clear(one)), ["wedged"])
      })
    ))
})
