/** ControlConnection over the project's Unix socket. */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { Effect, FileSystem, Layer, Path } from "effect"
import type { Socket } from "effect/socket"
import { DaemonNotRunning } from "../schemas/errors/DaemonErrors.ts"
import { fromSocket } from "../src/control/Channel.ts"
import { ControlConnection } from "../src/control/ControlConnection.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { checkSocketPath } from "./SocketPath.ts"

const codeOf = (cause: unknown): unknown =>
  typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined

const detailOf = (error: Socket.SocketError): string => {
  const code = codeOf(error.reason.cause)
  if (code === "ENOENT") return "there is no socket"
  if (code === "ECONNREFUSED") return "the socket is a left-over: nobody listens"
  return error.message
}

export const layer = Layer.effect(
  ControlConnection,
  Effect.gen(function*() {
    const { socketPath } = yield* ProjectScope
    const services = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
    const open = Effect.gen(function*() {
      yield* checkSocketPath(socketPath)
      const socket = yield* NodeSocket.makeNet({ path: socketPath, openTimeout: "5 seconds" })
      return yield* Effect.mapError(
        fromSocket(socket),
        (error) => new DaemonNotRunning({ socketPath, detail: detailOf(error) })
      )
    })
    return { open: Effect.provide(open, services) }
  })
)
