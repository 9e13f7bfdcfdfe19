/**
 * JSON-RPC 2.0 frames as both wires use them. Frames are only guarded, never schema-decoded: readers parse a line,
 * dispatch on it, and decode the one `params` or `result` they care about.
 */
import { Result, Schema, SemVer } from "effect"

/** What this host speaks; a plugin with another semver major is refused (plugin protocol, lifecycle). */
export const PROTOCOL_VERSION = "1.1.0"

/** String or number; `1` and `"1"` are different ids (plugin protocol, wire and framing). */
export const RequestId = Schema.Union([Schema.String, Schema.Finite])
export type RequestId = typeof RequestId.Type

export interface Request {
  readonly jsonrpc: "2.0"
  readonly id: RequestId
  readonly method: string
  readonly params?: unknown
}

export interface Notification {
  readonly jsonrpc: "2.0"
  readonly method: string
  readonly params?: unknown
}

/** `code`, `message` and free `data` of a failed call (plugin protocol, wire and framing). */
export const ErrorObject = Schema.Struct({
  code: Schema.Int,
  message: Schema.String,
  data: Schema.optionalKey(Schema.Json)
})
export type ErrorObject = typeof ErrorObject.Type

export interface Success {
  readonly jsonrpc: "2.0"
  readonly id: RequestId
  readonly result: unknown
}

/** A failure without an id (or with null) answers a line that could not be read. */
export interface Failure {
  readonly jsonrpc: "2.0"
  readonly id?: RequestId | null
  readonly error: ErrorObject
}

export type Response = Success | Failure
export type Frame = Request | Notification | Response

/** Every code of the plugin protocol's error table; the names of one kind carry that kind in front. */
export const ErrorCode = {
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  PluginNotInitialized: -32000,
  MethodNotSupported: -32001,
  RequestCancelled: -32002,
  Timeout: -32003,
  WorkflowNotFound: -32101,
  WorkflowPhaseNotFound: -32102,
  WorkflowTerminal: -32103,
  WorkflowProjectBindingMismatch: -32104,
  WorkflowManualGatePending: -32105,
  WorkflowDecisionContractInvalid: -32106,
  QueueEntryNotFound: -32201,
  QueueEntryAlreadyAssigned: -32202,
  QueueEntryNotPending: -32203,
  QueueReorderFailed: -32204,
  QueueLockAcquisitionFailed: -32205,
  QueueLeaseWorkflowIdCountMismatch: -32206,
  QueueProjectBindingMismatch: -32207,
  QueueEntryNotAssigned: -32208,
  DurableRunNotFound: -32301,
  DurableStepNotFound: -32302,
  DurableReservationExpired: -32303,
  DurableBackendUnavailable: -32304,
  DurableProjectBindingMismatch: -32305,
  DurableReplayNondeterminism: -32306,
  DurableInvalidCommitOutcome: -32307,
  MemoryScopeNotFound: -32401,
  MemoryKeyNotFound: -32402,
  MemoryScopeCollision: -32403,
  MemoryBackendUnavailable: -32404,
  MemoryRateLimited: -32405,
  MemoryQueryTopKExceeded: -32406,
  MemoryProjectBindingMismatch: -32407,
  LegacySessionStartFailed: -1002
} as const
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

const isObject = (u: unknown): u is Record<string, unknown> => typeof u === "object" && u !== null && !Array.isArray(u)

export const isRequestId = (u: unknown): u is RequestId =>
  typeof u === "string" || (typeof u === "number" && Number.isFinite(u))

export const isRequest = (u: unknown): u is Request =>
  isObject(u) && typeof u["method"] === "string" && isRequestId(u["id"])

export const isNotification = (u: unknown): u is Notification =>
  isObject(u) && typeof u["method"] === "string" && !("id" in u)

export const isErrorObject = (u: unknown): u is ErrorObject =>
  isObject(u) && Number.isInteger(u["code"]) && typeof u["message"] === "string"

export const isFailure = (u: unknown): u is Failure =>
  isObject(u) && u["method"] === undefined && isErrorObject(u["error"]) &&
  (u["id"] === undefined || u["id"] === null || isRequestId(u["id"]))

export const isSuccess = (u: unknown): u is Success =>
  isObject(u) && u["method"] === undefined && "result" in u && isRequestId(u["id"])

export const isResponse = (u: unknown): u is Response => isSuccess(u) || isFailure(u)

export const request = (id: RequestId, method: string, params?: unknown): Request =>
  params === undefined ? { jsonrpc: "2.0", id, method } : { jsonrpc: "2.0", id, method, params }

export const notification = (method: string, params?: unknown): Notification =>
  params === undefined ? { jsonrpc: "2.0", method } : { jsonrpc: "2.0", method, params }

/** A call that returns nothing answers null: a response must have one of `result` and `error`. */
export const success = (id: RequestId, result: unknown): Success => ({ jsonrpc: "2.0", id, result: result ?? null })

export const failure = (id: RequestId | null, error: ErrorObject): Failure => ({ jsonrpc: "2.0", id, error })

/** True for a valid semver with our major; anything else is another protocol (plugin protocol, lifecycle). */
export const isCompatibleProtocol = (version: string): boolean => {
  const theirs = SemVer.parse(version)
  return Result.isSuccess(theirs) && theirs.success.major === SemVer.parseUnsafe(PROTOCOL_VERSION).major
}
