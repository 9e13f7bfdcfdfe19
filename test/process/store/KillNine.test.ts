import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Path from "node:path"
import * as SessionStoreFile from "../../../layers/SessionStoreFile.ts"
import { runStarted } from "../../../layers/Testing.ts"
import { RunId } from "../../../schemas/Ids.ts"
import { SessionStore } from "../../../src/session/SessionStore.ts"
import { scopeAt, temporaryFolder } from "../../conformance/TemporaryScope.ts"

const node = Path.resolve("node_modules/.bin/node")
const writer = Path.resolve("test/process/store/writer.ts")

/** Starts a writer and ends it with SIGKILL after so many acknowledgements; answers the last one of each run. */
const writeAndKill = (folder: string, generation: number, acknowledgements: number) =>
  Effect.promise(async () => {
    const first = JSON.stringify(runStarted("w"))
    const child = spawn(node, [writer, folder, String(generation), first], { stdio: ["ignore", "pipe", "inherit"] })
    const ended = once(child, "close")
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (output.split("\n").length > acknowledgements) child.kill("SIGKILL")
    })
    const [, signal] = await ended
    assert.strictEqual(signal, "SIGKILL")
    const acknowledged = new Map<string, number>()
    for (const line of output.split("\n").slice(0, -1)) {
      const [run = "", sequence] = line.split(" ")
      acknowledged.set(run, Number(sequence))
    }
    return acknowledged
  })

describe("a writer that is killed", () => {
  it.live("leaves every append that was acknowledged, its lock free, and a store that goes on", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      for (const [generation, acknowledgements] of [20, 150, 71].entries()) {
        const acknowledged = yield* writeAndKill(folder, generation, acknowledgements)
        assert.strictEqual(acknowledged.size, 3)
        yield* Effect.gen(function*() {
          const store = yield* SessionStore
          for (const [run, sequence] of acknowledged) {
            const entries = yield* store.read(RunId.make(run))
            assert.isAtLeast(entries.length, sequence)
            // At most the one append that was under way was not heard of.
            assert.isAtMost(entries.length, sequence + 1)
            yield* store.append(RunId.make(run), entries.length, [{ _tag: "RunCancelled", reason: "killed" }])
          }
          assert.deepStrictEqual(yield* store.unfinished, [])
          assert.strictEqual((yield* store.heads({})).heads.length, 3 * (generation + 1))
        }).pipe(Effect.provide(Layer.provide(SessionStoreFile.layer, scopeAt(folder))))
      }
    }))
})
