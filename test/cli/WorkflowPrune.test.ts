/** What `workflow prune` asks the daemon for. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import * as Test from "../../layers/Test.ts"
import { runStarted } from "../../layers/Testing.ts"
import { RunId } from "../../schemas/Ids.ts"
import { workflowPrune } from "../../src/cli/commands/WorkflowPrune.ts"
import { Json } from "../../src/cli/GlobalFlags.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"

describe("prune", () => {
  it.effect("removes only with --yes, and not with --dry-run beside it", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      yield* store.append(RunId.make("r"), 0, [runStarted("w"), { _tag: "RunCompleted", reason: "done" }])
      const prune = (...flags: ReadonlyArray<string>) => Command.runWith(workflowPrune, { version: "0" })(flags)
      const left = Effect.map(store.heads({ limit: 5 }), ({ heads }) => heads.length)
      yield* prune()
      yield* prune("--dry-run")
      yield* prune("--dry-run", "--yes")
      assert.strictEqual(yield* left, 1)
      assert.strictEqual((yield* Effect.exit(prune("--keep", "-5", "--yes")))._tag, "Failure")
      assert.strictEqual(yield* left, 1)
      yield* prune("--yes")
      assert.strictEqual(yield* left, 0)
    }).pipe(
      Effect.provide(Layer.mergeAll(Test.layer({ workflows: [], agent: () => Effect.never }), NodeServices.layer)),
      Effect.provideService(Json, true)
    ))
})
