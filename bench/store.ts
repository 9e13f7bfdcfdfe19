/**
 * One event at a time, durable before the next: the file store against a bare loop of append and fdatasync of the same bytes.
 * First as a daemon that just came up does it, then once V8 has compiled what an append runs, which takes it some thousands.
 */
import { Effect, Layer } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import * as SessionStoreFile from "../layers/SessionStoreFile.ts"
import { runStarted } from "../layers/Testing.ts"
import { RunId } from "../schemas/Ids.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import { type Benchmark, figure, interleave, perSecond } from "./harness.ts"
import { phaseStarted } from "./runs/history.ts"
import { scratchScope } from "./scratch.ts"

const EVENTS = 300

const ours = Effect.fnUntraced(function*(run: RunId) {
  const store = yield* SessionStore
  yield* store.append(run, 0, [runStarted("bench")])
  for (let sequence = 1; sequence < EVENTS; sequence++) yield* store.append(run, sequence, [phaseStarted])
})

const bare = (file: string, lines: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const handle = await Fs.open(file, "a")
    for (const line of lines) {
      await handle.write(line)
      await handle.datasync()
    }
    await handle.close()
  })

const measure = Effect.gen(function*() {
  let runs = 0
  const next = () => RunId.make(`run-${++runs}`)
  const { scopeDir: root } = yield* ProjectScope
  const first = next()
  yield* ours(first)
  const journal = yield* Effect.promise(() => Fs.readFile(Path.join(root, "runs", first, "journal.jsonl"), "utf8"))
  const lines = journal.trimEnd().split("\n").map((line) => `${line}\n`)
  const round = (name: string) => ({
    name: `SessionStoreFile.append, ${name}`,
    round: Effect.suspend(() => perSecond(EVENTS, ours(next())))
  })
  const baseline = {
    name: "write and fdatasync",
    round: Effect.suspend(() => perSecond(EVENTS, bare(Path.join(root, next()), lines)))
  }
  const cold = yield* interleave({ rounds: 3, warmUp: 0 }, round("its first 900"), baseline)
  const warm = yield* interleave({ rounds: 9, warmUp: 10 }, round(`after ${13 * EVENTS}`), baseline)
  return [
    figure("events/s", cold.ours, cold.baseline),
    figure("events/s", warm.ours, warm.baseline, { of: "ratio", is: "at least", limit: 0.8 })
  ]
})

export const store: Benchmark = {
  summary: "append and fsync, one event at a time",
  parts: { appends: Effect.provide(measure, Layer.provideMerge(SessionStoreFile.layer, scratchScope)) }
}
