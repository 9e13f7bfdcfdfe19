/** What kind of trouble an error is, in the words of the control protocol; it decides the exit code of the command line. */
import { Schema } from "effect"

export const Category = Schema.Literals([
  "not_found",
  "invalid_request",
  "permission_denied",
  "unavailable",
  "not_supported",
  "conflict",
  "internal"
])
export type Category = typeof Category.Type

export const exitCodeOf: { readonly [K in Category]: number } = {
  not_found: 3,
  invalid_request: 2,
  permission_denied: 1,
  unavailable: 5,
  not_supported: 1,
  conflict: 4,
  internal: 1
}

/** Every error an operator can meet says its category; the message says what happened and what to do next. */
export interface Categorized {
  readonly _tag: string
  readonly message: string
  readonly category: Category
}
