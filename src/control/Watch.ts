/** Live streams of what happens: acknowledged once the subscription stands, so that nothing after the answer is missed. */
import { Effect, type Scope, Stream } from "effect"
import type { ControlError } from "../../schemas/control/ControlError.ts"
import { watching } from "../../schemas/control/Watch.ts"
import type { Delivery } from "../notify/Feed.ts"
import type { Notifications, Topic, Topics } from "../notify/Notifications.ts"
import { lagged } from "./StreamEnd.ts"

/** What a subscriber that did not read in time gets to know: `skip` nothing, `close` that its stream is over. */
type OnLag = "skip" | "close"

const items = <A>(onLag: OnLag) => (delivery: Delivery<A>): Effect.Effect<ReadonlyArray<A>, ControlError> => {
  if (delivery._tag === "Items") return Effect.succeed(delivery.items)
  return onLag === "close" ? Effect.fail(lagged()) : Effect.succeed([])
}

/** Everything published on the topic from the acknowledgement on. */
export const watchTopic = <T extends Topic>(
  notifications: Notifications["Service"],
  topic: T,
  onLag: OnLag
): Effect.Effect<Stream.Stream<Topics[T], ControlError>, never, Scope.Scope> =>
  Effect.map(
    notifications.subscribe(topic),
    (deliveries) => deliveries.pipe(Stream.mapEffect(items<Topics[T]>(onLag)), Stream.flattenIterable)
  )

/** A stream as clients see it: the acknowledgement, then its elements. */
export const acknowledged = <A, E, R>(
  subscribed: Effect.Effect<Stream.Stream<A, E, R>, E, R | Scope.Scope>
) => Stream.unwrap(Effect.map(subscribed, (elements) => Stream.concat(Stream.succeed(watching), elements)))
