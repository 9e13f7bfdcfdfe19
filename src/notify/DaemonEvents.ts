/** What the daemon tells on its `daemon` topic, each with an id and a time of its own. */
import { DateTime, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import type { DaemonRunEvent } from "../../schemas/control/Events.ts"
import type { Json } from "../../schemas/Json.ts"
import { Notifications } from "./Notifications.ts"

export const mintEventId = Effect.sync(() => SecureRandom.uuidV4Unsafe())

const daemonEvent = Effect.fnUntraced(function*([kind, payload]: readonly [kind: string, payload: Json]) {
  const event: DaemonRunEvent = {
    id: yield* mintEventId,
    occurred_at: DateTime.formatIso(yield* DateTime.now),
    kind,
    payload
  }
  return event
})

export const publishDaemonEvents = Effect.fnUntraced(
  function*(facts: ReadonlyArray<readonly [kind: string, payload: Json]>) {
    const notifications = yield* Notifications
    yield* notifications.publish("daemon", yield* Effect.forEach(facts, daemonEvent))
  }
)

export const publishDaemonEvent = (kind: string, payload: Json) => publishDaemonEvents([[kind, payload]])
