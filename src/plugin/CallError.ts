/** What a peer's failure means to who called a plugin. */
import {
  ConnectionLost,
  FrameTooLarge,
  MethodNotSupported,
  type PluginError,
  PluginRefused,
  RequestTimedOut
} from "../../schemas/errors/PluginErrors.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import type { PeerRefused, RpcError } from "../rpc/RpcError.ts"

const refusal = (plugin: string, method: string, { code, data, message }: PeerRefused): PluginError => {
  if (code === ErrorCode.MethodNotSupported) return new MethodNotSupported({ plugin, method })
  if (code === ErrorCode.MethodNotFound) return new MethodNotSupported({ plugin, method, known: false })
  const refused = { plugin, method, code, detail: message }
  return new PluginRefused(data === undefined ? refused : { ...refused, data })
}

/** An answer that cannot be read is the plugin's failure. */
const unreadable = (plugin: string, method: string, because: string): PluginError =>
  new PluginRefused({ plugin, method, code: ErrorCode.InternalError, detail: `its answer ${because}: ask for less` })

export const callError = (plugin: string, method: string) => (error: RpcError): PluginError => {
  switch (error._tag) {
    case "PeerClosed":
      return new ConnectionLost({ plugin, detail: error.reason })
    case "PeerTimedOut":
      return new RequestTimedOut({ plugin, method, millis: Math.round(error.millis) })
    case "PeerRefused":
      return refusal(plugin, method, error)
    case "PeerFrameTooLarge":
      // Ours can be made smaller by the caller.
      if (error.direction === "outgoing") return new FrameTooLarge({ plugin, limit: error.limit })
      return unreadable(plugin, method, `has more than ${error.limit} bytes`)
    case "PeerFrameTooDeep":
      return unreadable(plugin, method, `is more than ${error.limit} levels deep`)
  }
}
