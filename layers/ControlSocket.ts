/**
 * The control surface on the project's Unix socket: in a folder that is ours alone, open to nobody else, gone when the
 * layer is released. Take it up under the daemon's lock: a socket that nobody answers at is removed.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import { Effect, FileSystem, Layer } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { SocketServer } from "effect/socket"
import { DaemonAlreadyRunning, StateFolderUnusable } from "../schemas/errors/DaemonErrors.ts"
import { fromSocket } from "../src/control/Channel.ts"
import { ControlServer } from "../src/control/ControlServer.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { checkSocketPath } from "./SocketPath.ts"

const answers = (path: string) =>
  NodeSocket.makeNet({ path, openTimeout: "2 seconds" }).pipe(
    Effect.flatMap((socket) => socket.reader),
    Effect.scoped,
    Effect.isSuccess
  )

const unusable = (path: string) => (error: PlatformError | SocketServer.SocketServerError) =>
  new StateFolderUnusable({
    path,
    detail: `the control socket cannot be bound: ${
      "reason" in error && "cause" in error.reason ? String(error.reason.cause) : error.message
    }`,
    fix: "Move whatever lies at that path away, and start the daemon again"
  })

const removeStale = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(path))) return
  if (yield* answers(path)) return yield* new DaemonAlreadyRunning({ holder: "one that answers", lockPath: path })
  const { type } = yield* fs.stat(path)
  // Anything but a socket was put there by somebody; binding will say so.
  if (type === "Socket") yield* fs.remove(path, { force: true })
})

/** Nobody else can connect, not even between bind and chmod. */
const bind = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const listener = yield* Effect.acquireUseRelease(
    Effect.sync(() => process.umask(0o077)),
    () => NodeSocketServer.make({ path, allowHalfOpen: true }),
    (previous) => Effect.sync(() => process.umask(previous))
  )
  yield* fs.chmod(path, 0o600)
  return listener
})

export const layer = Layer.effectDiscard(Effect.gen(function*() {
  const { socketPath } = yield* ProjectScope
  const server = yield* ControlServer
  yield* checkSocketPath(socketPath)
  yield* removeStale(socketPath).pipe(
    Effect.catchTag("PlatformError", (error) => Effect.fail(unusable(socketPath)(error)))
  )
  const listener = yield* Effect.mapError(bind(socketPath), unusable(socketPath))
  yield* listener.run((socket) =>
    fromSocket(socket).pipe(
      Effect.flatMap(server.serve),
      // A client that is gone before it is served has nothing to be told.
      Effect.catchTag("SocketError", () => Effect.void),
      Effect.scoped
    )
  ).pipe(
    Effect.catch((error) => Effect.logError(`the control socket stopped listening: ${error.message}`)),
    Effect.forkScoped
  )
}))
