/** Rogues that say of themselves what they should not, or never come to an end of it. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, FileSystem, Layer } from "effect"
import { randomUUID } from "node:crypto"
import * as PluginProcessChild from "../../../layers/PluginProcessChild.ts"
import * as ProcessTableLinux from "../../../layers/ProcessTableLinux.ts"
import { askManifest } from "../../../src/plugin/ManifestProbe.ts"
import { HostEnvironment } from "../../../src/project/HostEnvironment.ts"
import { ProcessTable } from "../../../src/project/ProcessTable.ts"
import { fixture, scopeAt, searchPath } from "../plugin/Workshop.ts"
import { until } from "./Gallery.ts"

/** The probe's own deadline, the end of what ignores SIGTERM, and a busy machine. */
const LONGEST = 30_000

type Asked = ReturnType<typeof askManifest>
type Needs = Effect.Services<Asked>

const ask = Effect.fnUntraced(function*<A>(rogue: string, expect: (asked: Asked) => Effect.Effect<A, never, Needs>) {
  const fs = yield* FileSystem.FileSystem
  const table = yield* ProcessTable
  const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "animus-manifest-" }), fs.realPath)
  const host = { env: { PATH: searchPath }, cookie: randomUUID(), generation: "1" }
  const surroundings = Layer.mergeAll(PluginProcessChild.layer, Layer.succeed(HostEnvironment, host), scopeAt(root))
  const asked = expect(askManifest(fixture(rogue))).pipe(Effect.provide(surroundings))
  // What a failed test shows must not outlive it.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(table.workingIn(root), (rows) => Effect.forEach(rows, (row) => table.end(row, "SIGKILL")))
  )
  const [took, answer] = yield* Effect.timed(asked)
  yield* until("nothing of it is left", table.workingIn(root), (rows) => rows.length === 0)
  return { took: Duration.toMillis(took), answer }
})

const tidy = Effect.provide(Layer.provideMerge(ProcessTableLinux.layer, NodeServices.layer))

const refused = (rogue: string, promise: string, words: string) =>
  it.live(`${rogue}: ${promise}`, () =>
    Effect.gen(function*() {
      const { answer: error, took } = yield* ask(rogue, (asked) => Effect.orDie(Effect.flip(asked)))
      assert.strictEqual(error._tag, "ManifestProbeFailed")
      assert.include(error.message, words)
      assert.isBelow(took, LONGEST)
    }).pipe(Effect.scoped, tidy))

it.live("manifest-leaves-a-stranger: is understood, and what it started in a session of its own does not stay", () =>
  Effect.gen(function*() {
    const { answer: manifest } = yield* ask("manifest-leaves-a-stranger", Effect.orDie)
    assert.strictEqual(manifest.name, "fixture")
  }).pipe(Effect.scoped, tidy))

describe.concurrent("a plugin that, asked for its manifest,", () => {
  refused("manifest-of-2-mib", "is not read to the end", "larger than 1048576 bytes")
  refused("manifest-never-comes", "is given up, and ended", "no answer within 5 seconds")
  refused("manifest-is-no-json", "is refused", "--manifest failed")
  refused("manifest-of-wrong-shape", "is refused", "--manifest failed")
  refused("manifest-exits-1", "is refused with its last words", "no python here")
  refused("manifest-leaves-a-child", "is given up, and ends with it", "no answer within 5 seconds")
  refused("manifest-leaves-a-daemon", "does not leave it, whatever session it is in", "--manifest failed")
  refused("is-not-there", "is refused", "no such file")
})
