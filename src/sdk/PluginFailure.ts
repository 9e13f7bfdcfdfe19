/** What a method of a plugin may fail with: a word for the kind of trouble, and a message for the person who must act. */
import { Schema } from "effect"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import { PeerRefused } from "../rpc/RpcError.ts"

const codes = {
  not_found: ErrorCode.InvalidParams,
  invalid_request: ErrorCode.InvalidParams,
  model_not_supported: ErrorCode.InvalidParams,
  permission_denied: ErrorCode.InvalidRequest,
  conflict: ErrorCode.InvalidRequest,
  not_supported: ErrorCode.MethodNotSupported,
  cancelled: ErrorCode.RequestCancelled,
  unavailable: ErrorCode.InternalError,
  quota_exceeded: ErrorCode.InternalError,
  address_in_use: ErrorCode.InternalError,
  session_start_failed: ErrorCode.InternalError,
  run_failed: ErrorCode.InternalError,
  other: ErrorCode.InternalError
} as const

/** Answered as an error whose `data.category` is this category and whose code follows from it. */
export class PluginFailure extends Schema.TaggedError<PluginFailure>()("PluginFailure", {
  category: Schema.Literals([
    "not_found",
    "invalid_request",
    "model_not_supported",
    "permission_denied",
    "conflict",
    "not_supported",
    "cancelled",
    "unavailable",
    "quota_exceeded",
    "address_in_use",
    "session_start_failed",
    "run_failed",
    "other"
  ]),
  message: Schema.String,
  /** A code of the kind's own instead, such as `ErrorCode.QueueEntryNotFound`. */
  code: Schema.optionalKey(Schema.Int)
}) {}

export const notSupported = (method: string): PluginFailure =>
  new PluginFailure({ category: "not_supported", message: `this plugin does not support ${method}` })

export const refusalOf = ({ category, code, message }: PluginFailure): PeerRefused =>
  new PeerRefused({ code: code ?? codes[category], message, data: { category } })
