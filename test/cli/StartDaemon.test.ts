/** What `daemon start` makes of what it finds. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import * as ProcessTableMemory from "../../layers/ProcessTableMemory.ts"
import { DaemonNotRunning, StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import { DaemonLauncher } from "../../src/cli/DaemonLauncher.ts"
import { startDaemon } from "../../src/cli/StartDaemon.ts"
import type { Channel } from "../../src/control/Channel.ts"
import { ControlClient } from "../../src/control/ControlClient.ts"
import { type ConnectError, ControlConnection } from "../../src/control/ControlConnection.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { PeerClosed } from "../../src/rpc/RpcError.ts"

const scope = {
  projectRoot: "/p",
  projectDir: "/p/.animus",
  configDir: "/h",
  scopeDir: "/h/p",
  socketPath: "/h/p/control.sock"
}
const ended = Effect.fail(new PeerClosed({ reason: "it was killed" }))
/** Takes the question, and dies. */
const dying: Channel = { write: () => Effect.void, read: ended }
const notRunning = new DaemonNotRunning({ socketPath: scope.socketPath, detail: "nobody listens" })
const launched = new StateFolderUnusable({ path: "/h/p", detail: "as far as this test goes", fix: "nothing" })

/** Starts where the socket answers so, each time it is opened. */
const startedWhere = (open: Effect.Effect<Channel, ConnectError, Scope.Scope>) =>
  startDaemon.pipe(
    Effect.flip,
    Effect.provide(Layer.mergeAll(
      Layer.provide(ControlClient.layer, Layer.succeed(ControlConnection, { open })),
      Layer.succeed(DaemonLauncher, { launch: () => Effect.fail(launched) }),
      Layer.succeed(ProjectScope, scope),
      ProcessTableMemory.layer,
      NodeServices.layer
    )),
    Effect.forkChild,
    Effect.tap(() => TestClock.adjust("10 seconds")),
    Effect.flatMap(Fiber.join)
  )

describe("daemon start", () => {
  it.effect("starts one where another was killed this moment", () =>
    Effect.gen(function*() {
      let looks = 0
      const open = Effect.suspend(() => ++looks <= 2 ? Effect.succeed(dying) : Effect.fail(notRunning))
      assert.strictEqual(yield* startedWhere(open), launched)
      assert.strictEqual(looks, 3)
    }))

  it.effect("says so where one hangs up on whoever asks", () =>
    Effect.gen(function*() {
      const error = yield* startedWhere(Effect.succeed(dying))
      assert.include(error.message, "the connection to the daemon was lost before it answered")
    }))
})
