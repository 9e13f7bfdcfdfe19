/**
 * Plain JSON-RPC 2.0 as the control socket speaks it, without any meaning: what a client's frame asks for, and the lines
 * that answer it. A reply to something that has no readable id carries no id at all.
 */
import type { Json } from "../../schemas/Json.ts"
import { ErrorCode, type ErrorObject, isRequestId, type RequestId } from "../../schemas/JsonRpc.ts"

type ClientFrame =
  | {
    readonly _tag: "Call"
    /** A request without an id is carried out too; its answer then lacks one. */
    readonly id: RequestId | undefined
    readonly method: string
    readonly params: unknown
  }
  | { readonly _tag: "Cancel"; readonly id: RequestId }
  | { readonly _tag: "Ignored" }
  | { readonly _tag: "Invalid"; readonly id: RequestId | undefined; readonly detail: string }

const isObject = (u: unknown): u is Record<string, unknown> => typeof u === "object" && u !== null && !Array.isArray(u)

const invalid = (id: RequestId | undefined, detail: string): ClientFrame => ({ _tag: "Invalid", id, detail })

export const readClientFrame = (frame: Json): ClientFrame => {
  if (!isObject(frame)) return invalid(undefined, "a request is a JSON object")
  const { id: named, jsonrpc, method, params } = frame
  const id = isRequestId(named) ? named : undefined
  if (jsonrpc !== "2.0") return invalid(id, "\"jsonrpc\" has to be \"2.0\"")
  if (typeof method !== "string") return invalid(id, "\"method\" has to be a string")
  if (id === undefined && named !== undefined && named !== null) {
    return invalid(undefined, "\"id\" has to be a string or a number")
  }
  if (method === "$/cancelRequest" && id === undefined) {
    return isObject(params) && isRequestId(params["id"]) ? { _tag: "Cancel", id: params["id"] } : { _tag: "Ignored" }
  }
  // A `$/` notification that a server does not know is the sender's business, not an error.
  if (method.startsWith("$/") && id === undefined) return { _tag: "Ignored" }
  return { _tag: "Call", id, method, params: params ?? {} }
}

export const isParamsObject = isObject

const withId = (id: RequestId | undefined) => (id === undefined ? { jsonrpc: "2.0" } : { jsonrpc: "2.0", id })

export const answerLine = (id: RequestId | undefined, result: unknown): string =>
  JSON.stringify({ ...withId(id), result: result ?? null })

export const errorLine = (id: RequestId | undefined, error: ErrorObject): string =>
  JSON.stringify({ ...withId(id), error })

/** One element of a stream; clients find their stream by `params.id`. */
export const elementLine = (method: string, id: RequestId, data: unknown): string =>
  JSON.stringify({ jsonrpc: "2.0", method, params: { id, data } })

export const SUBSCRIPTION_CLOSED = "subscription/closed"

/** The last word on a stream. `category` is there when it ended because something went wrong. */
export const closedLine = (id: RequestId, reason: string, category?: string): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    method: SUBSCRIPTION_CLOSED,
    params: category === undefined ? { id, reason } : { id, reason, category }
  })

export const requestLine = (id: RequestId, method: string, params: unknown): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params })

export const cancelLine = (id: RequestId): string =>
  JSON.stringify({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } })

export const parseError = (detail: string): ErrorObject => ({
  code: ErrorCode.ParseError,
  message: `parse error: ${detail}. Send one JSON-RPC 2.0 request per line`
})

export const invalidRequest = (detail: string): ErrorObject => ({
  code: ErrorCode.InvalidRequest,
  message: `invalid request: ${detail}`
})

export const unknownMethod = (method: string): ErrorObject => ({
  code: ErrorCode.MethodNotFound,
  message: `method not found: ${method}. The methods of this daemon are in the answer of daemon/status`
})

export const invalidParams = (method: string, detail: string): ErrorObject => ({
  code: ErrorCode.InvalidParams,
  message: `invalid params of ${method}: ${detail}`
})

export const requestCancelled: ErrorObject = { code: ErrorCode.RequestCancelled, message: "request cancelled" }
