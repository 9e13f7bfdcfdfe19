import { assert, it } from "@effect/vitest"
import { RunId } from "animus/schemas/Ids"
import { SessionStore } from "animus/session/SessionStore"
import { runStarted, sessionStoreSuite } from "animus/testing"
import { Effect, Layer } from "effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { layer } from "../../examples/session-store/LogSessionStore.ts"
import { temporaryFolder } from "../conformance/TemporaryScope.ts"

const inFolder = Layer.unwrap(Effect.map(temporaryFolder, (folder) => layer(Path.join(folder, "runs.log"))))

sessionStoreSuite("one log, as an embedder writes it", inFolder)

it.effect("the log is there after a restart, without the line that a crash tore", () =>
  Effect.gen(function*() {
    const log = Path.join(yield* temporaryFolder, "runs.log")
    const run = RunId.make("run-1")
    const paused = { _tag: "RunPaused", reason: "lunch" } as const
    const opened = <A, E>(body: (store: SessionStore["Service"]) => Effect.Effect<A, E>) =>
      Effect.flatMap(SessionStore, body).pipe(Effect.provide(Layer.fresh(layer(log))))
    yield* opened((store) => store.append(run, 0, [runStarted("w")]))
    const whole = Fs.readFileSync(log)
    yield* opened((store) => store.append(run, 1, [paused]))
    Fs.truncateSync(log, whole.length + 20)
    yield* opened((store) =>
      Effect.gen(function*() {
        assert.deepStrictEqual((yield* store.unfinished).map(({ sequence }) => sequence), [1])
        yield* store.append(run, 1, [paused])
      })
    )
    assert.deepStrictEqual(yield* opened((store) => Effect.map(store.read(run), (entries) => entries.length)), 2)
  }))
