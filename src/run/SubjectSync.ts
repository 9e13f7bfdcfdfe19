/** Keeps the subject's status in step with its run. Best effort within a deadline: a run never fails because of it. */
import { Effect } from "effect"
import type { SubjectDispatch, SubjectStatus } from "../../schemas/Subject.ts"
import { SubjectRouter } from "../subject/SubjectRouter.ts"

const DEADLINE = "10 seconds"

/** True when some backend claims the kind that the id begins with. */
export const isRoutable = Effect.fnUntraced(function*({ subject }: SubjectDispatch) {
  const colon = subject.id.indexOf(":")
  if (colon < 1) return false
  const kind = subject.id.slice(0, colon)
  const router = yield* SubjectRouter
  const claims = yield* router.table
  return claims.some(({ kind: claim }) =>
    claim === kind || (claim.endsWith(".*") && kind.length > claim.length - 1 && kind.startsWith(claim.slice(0, -1)))
  )
})

export const tellSubject = Effect.fnUntraced(function*(dispatch: SubjectDispatch, status: SubjectStatus) {
  if (!(yield* isRoutable(dispatch))) return
  const router = yield* SubjectRouter
  const { id } = dispatch.subject
  yield* router.setStatus(id, status).pipe(
    Effect.timeout(DEADLINE),
    Effect.catch((error) => Effect.logWarning(`subject ${id} could not be set to ${status}: ${error.message}`))
  )
})
