/** How a client reaches the daemon: a new connection each time, live until the scope closes. */
import { Context, type Effect, type Scope } from "effect"
import type { DaemonNotRunning, SocketPathTooLong, StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { Channel } from "./Channel.ts"

export type ConnectError = DaemonNotRunning | SocketPathTooLong | StateFolderUnusable

export class ControlConnection extends Context.Service<ControlConnection, {
  readonly open: Effect.Effect<Channel, ConnectError, Scope.Scope>
}>()("animus/control/ControlConnection") {}
