/** How streams are declared: the first element acknowledges, every later one travels as a notification (control protocol, streaming handshake). */
import { Context, Schema } from "effect"
import { Rpc } from "effect/rpc"
import { ControlError } from "./ControlError.ts"

/** The method name under which a stream's elements are sent; empty for calls that are no stream. */
export const NotificationMethod = Context.Reference<string>("animus/control/NotificationMethod", {
  defaultValue: () => ""
})

/** The answer to a request that opens a stream; the handler sends it once it has subscribed. */
export const Watching = Schema.Struct({ watching: Schema.Literal(true) })
export type Watching = typeof Watching.Type

export const watching: Watching = { watching: true }

/** A call that opens a stream. */
export const watch = <const Tag extends string, const Payload extends Schema.Struct.Fields, Element extends Schema.Top>(
  tag: Tag,
  options: { readonly payload: Payload; readonly notification: string; readonly element: Element }
) =>
  Rpc.make(tag, {
    payload: options.payload,
    success: Schema.Union([Watching, options.element]),
    error: ControlError,
    stream: true
  }).annotate(NotificationMethod, options.notification)
