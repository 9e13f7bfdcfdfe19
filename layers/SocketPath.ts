/** What has to hold of the control socket's place before anybody binds or connects there. */
import { Effect, Path } from "effect"
import { SocketPathTooLong } from "../schemas/errors/DaemonErrors.ts"
import * as OwnFolder from "./OwnFolder.ts"

/** Of the path, in bytes: what fits into a socket address on every system. */
const LIMIT = 100

export const checkSocketPath = Effect.fnUntraced(function*(socketPath: string) {
  const path = yield* Path.Path
  if (Buffer.byteLength(socketPath) > LIMIT) return yield* new SocketPathTooLong({ path: socketPath, limit: LIMIT })
  yield* OwnFolder.requirePrivate(path.dirname(socketPath))
})
