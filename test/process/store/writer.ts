/** Appends to several runs as fast as it can, and says each append on stdout once it was acknowledged. Runs until it is killed. */
import { Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as SessionStoreFile from "../../../layers/SessionStoreFile.ts"
import { RunId } from "../../../schemas/Ids.ts"
import type { RunEvent } from "../../../schemas/RunEvent.ts"
import { SessionStore } from "../../../src/session/SessionStore.ts"
import { scopeAt } from "../../conformance/TemporaryScope.ts"

const [folder = "", generation = "", first = ""] = process.argv.slice(2)
const firstEvent: RunEvent = JSON.parse(first)

const failed = (n: number): RunEvent => ({
  _tag: "PhaseFailed",
  phase: "p",
  attempt: 1,
  error: `${n} ${"x".repeat(n % 500)}`,
  duration_ms: n
})

const writeRun = Effect.fnUntraced(function*(index: number) {
  const store = yield* SessionStore
  const run = RunId.make(`run-${generation}-${index}`)
  let last = 0
  return yield* Effect.forever(Effect.gen(function*() {
    const entries = yield* store.append(run, last, [last === 0 ? firstEvent : failed(last)])
    last = entries.at(-1)?.sequence ?? last
    Fs.writeSync(1, `${run} ${last}\n`)
  }))
})

const program = Effect.forEach([1, 2, 3], writeRun, { concurrency: "unbounded", discard: true })

await Effect.runPromise(
  Effect.provide(program, Layer.provide(SessionStoreFile.layer, scopeAt(folder)))
)
