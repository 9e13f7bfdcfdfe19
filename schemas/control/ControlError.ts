/** The one error of the control surface: `data.category` is what clients decide on, the message is for people (control protocol, errors). */
import { Runtime, Schema } from "effect"
import { type Categorized, Category, exitCodeOf } from "../Category.ts"
import { ErrorCode, type ErrorObject } from "../JsonRpc.ts"

/** The JSON-RPC code each category travels with (control protocol, errors). */
export const codeOf: { readonly [K in Category]: number } = {
  not_found: ErrorCode.InvalidParams,
  invalid_request: ErrorCode.InvalidParams,
  permission_denied: ErrorCode.InvalidRequest,
  unavailable: ErrorCode.InternalError,
  not_supported: ErrorCode.MethodNotSupported,
  conflict: ErrorCode.InvalidRequest,
  internal: ErrorCode.InternalError
}

/** `code` only where it is not the category's own; `data` holds details besides the category, such as a list of problems. */
export class ControlError extends Schema.TaggedError<ControlError>()("ControlError", {
  category: Category,
  message: Schema.String,
  code: Schema.optionalKey(Schema.Int),
  data: Schema.optionalKey(Schema.JsonObject)
}) implements Categorized {
  override get [Runtime.errorExitCode](): number {
    return exitCodeOf[this.category]
  }
}

/** How a `ControlError` is written into an error frame. */
export const toErrorObject = (error: ControlError): ErrorObject => ({
  code: error.code ?? codeOf[error.category],
  message: error.message,
  data: { ...error.data, category: error.category }
})

/** For peers that send no category: unreadable params and unknown methods do not carry one. */
const categoryOfCode = (code: number): Category => {
  switch (code) {
    case ErrorCode.MethodNotFound:
    case ErrorCode.MethodNotSupported:
      return "not_supported"
    case ErrorCode.InvalidParams:
    case ErrorCode.InvalidRequest:
      return "invalid_request"
    case ErrorCode.Timeout:
    case ErrorCode.PluginNotInitialized:
      return "unavailable"
    default:
      return "internal"
  }
}

const isCategory = Schema.is(Category)
const isJsonObject = Schema.is(Schema.JsonObject)

/** What an error frame says, whoever wrote it: the category if there is one we know, else what the code implies. */
export const fromErrorObject = (error: ErrorObject): ControlError => {
  const { category: named, ...details } = isJsonObject(error.data) ? error.data : {}
  const category: Category = isCategory(named) ? named : categoryOfCode(error.code)
  return new ControlError({
    category,
    message: error.message,
    ...(error.code === codeOf[category] ? {} : { code: error.code }),
    ...(Object.keys(details).length === 0 ? {} : { data: details })
  })
}
