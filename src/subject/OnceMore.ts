import { Effect } from "effect"
import type { SubjectError } from "./SubjectRouter.ts"

/**
 * Asks again when the backend died before it answered; a call waits for its next start by itself. Once: a subject that
 * ends its backend each time must not use up the restarts that others need. For what may be done twice.
 */
export const onceMore = <A, R>(asked: Effect.Effect<A, SubjectError, R>): Effect.Effect<A, SubjectError, R> =>
  Effect.retry(asked, { times: 1, while: ({ _tag }) => _tag === "ConnectionLost" })
