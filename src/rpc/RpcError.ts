/** What can go wrong on one JSON-RPC connection. A peer does not know whom it talks to: its owner maps these into public errors. */
import { Schema } from "effect"

/** The connection ended; nothing will be answered any more. */
export class PeerClosed extends Schema.TaggedError<PeerClosed>()("PeerClosed", {
  reason: Schema.String,
  /** Milliseconds that a call had left which was open then. */
  left: Schema.optionalKey(Schema.Number)
}) {
  override get message() {
    return `the connection is closed: ${this.reason}`
  }
}

/** No answer, or no room to send, within the deadline. The call may still have happened on the other side. */
export class PeerTimedOut extends Schema.TaggedError<PeerTimedOut>()("PeerTimedOut", {
  method: Schema.String,
  millis: Schema.Finite
}) {
  override get message() {
    return `${this.method} was not answered within ${this.millis} ms`
  }
}

/** The error object of an answer: what the other side said, or what a handler says to it. */
export class PeerRefused extends Schema.TaggedError<PeerRefused>()("PeerRefused", {
  code: Schema.Int,
  message: Schema.String,
  data: Schema.optionalKey(Schema.Json)
}) {}

/** A frame beyond the cap: ours was not sent, or theirs was dropped unread. */
export class PeerFrameTooLarge extends Schema.TaggedError<PeerFrameTooLarge>()("PeerFrameTooLarge", {
  direction: Schema.Literals(["outgoing", "incoming"]),
  limit: Schema.Int
}) {
  override get message() {
    return `the ${this.direction} frame has more than ${this.limit} bytes`
  }
}

/** Their frame nests deeper than may be walked: it was dropped unread. */
export class PeerFrameTooDeep extends Schema.TaggedError<PeerFrameTooDeep>()("PeerFrameTooDeep", {
  limit: Schema.Int
}) {
  override get message() {
    return `the incoming frame is more than ${this.limit} levels deep`
  }
}

export type RpcError = PeerClosed | PeerTimedOut | PeerRefused | PeerFrameTooLarge | PeerFrameTooDeep
