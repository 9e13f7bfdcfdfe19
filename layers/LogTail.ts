/** The live end of the log, from what is published. A reader that was too slow finds a record that says what it missed. */
import { Clock, DateTime, Effect, Stream } from "effect"
import type { LogEntry, LogQuery } from "../schemas/Log.ts"
import { logFilter } from "../src/log/LogFilter.ts"
import type { Notifications } from "../src/notify/Notifications.ts"

const missed = (lost: number, now: number): LogEntry => ({
  id: `missed-${now}`,
  ts: DateTime.formatIso(DateTime.makeUnsafe(now)),
  level: "warn",
  source: "daemon",
  target: "log",
  message: `${lost} records went by too fast for this reader; they are in the log: animus logs`
})

export const tailOf = (notifications: Notifications["Service"]) => (query: LogQuery) =>
  Effect.map(notifications.subscribe("log"), (deliveries) => {
    const matches = logFilter(query)
    return Stream.flatMap(deliveries, (delivery) =>
      delivery._tag === "Items"
        ? Stream.fromIterable(delivery.items.filter(matches))
        : Stream.fromEffect(Effect.map(Clock.currentTimeMillis, (now) => missed(delivery.lost, now))))
  })
