/** A part that keeps log records: what it is given to store it stores before it answers. */
import { Effect, type Scope } from "effect"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import { type LogEntry, type LogQuery, LogStorageMethods, StoredLogEvent } from "../../schemas/Log.ts"
import { type Follow, makeFollowing } from "./Following.ts"
import { type Backend, methodsOf, requestsOf } from "./Kind.ts"
import { answer } from "./Params.ts"
import type { Host, Part } from "./Part.ts"
import type { PluginFailure } from "./PluginFailure.ts"

const { "log_storage/tail": _, ...tables } = LogStorageMethods

export interface LogStorageBackend extends Backend<typeof tables> {
  /** Subscribed when it returns: later records that match are in the stream. */
  readonly tail?: (query: LogQuery) => Follow<LogEntry>
}

export interface LogStorageOptions {
  readonly supports?: ReadonlyArray<"query" | "schema" | "tail">
  readonly open: (host: Host) => Effect.Effect<LogStorageBackend, PluginFailure, Scope.Scope>
}

const writeEvent = answer(StoredLogEvent)

export const logStorage = ({ open, supports = [] }: LogStorageOptions): Part => {
  const { declined, served } = methodsOf(LogStorageMethods, supports)
  return {
    capabilities: served,
    declines: declined,
    streaming: served.includes("log_storage/tail"),
    open: Effect.fnUntraced(function*(host) {
      const backend = yield* open(host)
      const following = yield* makeFollowing
      const tell = (event: typeof StoredLogEvent.Type) =>
        Effect.flatMap(writeEvent(event), (params) => host.notify("log_storage/event", params))
      const tail = (query: LogQuery, id: string | number) =>
        following.start(
          String(id),
          backend.tail?.(query) ?? Effect.die("log_storage/tail is supported, and there is no `tail`"),
          (entry) => tell({ id, entry }),
          ({ code, message }) => tell({ id, error: { code: code ?? ErrorCode.InternalError, message } })
        ).pipe(Effect.as({ tailing: true }))
      return {
        requests: requestsOf(LogStorageMethods, served, { ...backend, tail }),
        ...(backend.health === undefined ? {} : { health: backend.health })
      }
    })
  }
}
