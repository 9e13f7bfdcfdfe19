/** What a case ends with when it did not pass: something is wrong, or the question does not arise. */
import { Schema } from "effect"

/** What is wrong, in the three parts an author needs: what was sent, what came, and what the protocol says of it. */
export class Finding extends Schema.TaggedError<Finding>()("Finding", {
  got: Schema.String,
  sent: Schema.optionalKey(Schema.String),
  /** Instead of what the case says of the protocol in general. */
  says: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    return this.got
  }
}

/** The question does not arise for this plugin; a capability it does not claim is no fault. */
export class NotApplicable extends Schema.TaggedError<NotApplicable>()("NotApplicable", {
  reason: Schema.String
}) {
  override get message() {
    return this.reason
  }
}
