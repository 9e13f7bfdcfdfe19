/** `subject/*`: work items, each served by the plugin that claims its kind. */
import { DateTime, Effect } from "effect"
import { SubjectRpcs } from "../../../schemas/control/SubjectRpcs.ts"
import { SubjectRouter } from "../../subject/SubjectRouter.ts"
import { answer, answerStream, invalid, toControlError } from "../ControlFailure.ts"
import { acknowledged } from "../Watch.ts"

export const SubjectHandlers = SubjectRpcs.toLayer(Effect.gen(function*() {
  const router = yield* SubjectRouter
  return SubjectRpcs.of({
    "subject/list": ({ filter }) =>
      answer(Effect.gen(function*() {
        if (filter?.kind === undefined || filter.kind.length === 0) {
          return yield* invalid("subject/list needs filter.kind: say which kinds, such as [\"task\"]")
        }
        const page = yield* router.list(filter)
        return { ...page, fetched_at: page.fetched_at ?? DateTime.formatIso(yield* DateTime.now) }
      })),
    "subject/get": ({ id }) => answer(router.get(id)),
    "subject/create": (subject) => answer(router.create(subject)),
    "subject/update": ({ id, patch }) => answer(router.update(id, patch)),
    "subject/status": ({ id, status }) => answer(router.setStatus(id, status)),
    "subject/next": ({ kind }) =>
      answer(
        kind === undefined
          ? invalid("subject/next needs a kind, such as \"task\"")
          : Effect.map(router.next(kind), (subject) => (subject === undefined ? {} : { subject }))
      ),
    "subject/watch": ({ filter, kind }) =>
      acknowledged(Effect.mapError(
        Effect.map(router.watch(kind === undefined ? filter?.kind ?? [] : [kind], filter), answerStream),
        toControlError
      ))
  })
}))
