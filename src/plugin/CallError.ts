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
import type { PeerFrameTooLarge, PeerRefused, RpcError } from "../rpc/RpcError.ts"

const refusal = (plugin: string, method: string, { code, data, message }: PeerRefused): PluginError => {
  if (code === ErrorCode.MethodNotSupported || code === ErrorCode.MethodNotFound) {
    return new MethodNotSupported({ plugin, method })
  }
  const refused = { plugin, method, code, detail: message }
  return new PluginRefused(data === undefined ? refused : { ...refused, data })
}

/** Ours can be made smaller by the caller; an answer that is too large is the plugin's failure. */
const oversized = (plugin: string, method: string, { direction, limit }: PeerFrameTooLarge): PluginError =>
  direction === "outgoing"
    ? new FrameTooLarge({ plugin, limit })
    : new PluginRefused({
      plugin,
      method,
      code: ErrorCode.InternalError,
      detail: `its answer has more than ${limit} bytes: ask for less`
    })

export const callError = (plugin: string, method: string) => (error: RpcError): PluginError => {
  switch (error._tag) {
    case "PeerClosed":
      return new ConnectionLost({ plugin, detail: error.reason })
    case "PeerTimedOut":
      return new RequestTimedOut({ plugin, method, millis: Math.round(error.millis) })
    case "PeerRefused":
      return refusal(plugin, method, error)
    case "PeerFrameTooLarge":
      return oversized(plugin, method, error)
  }
}
