/** The newest records, for as long as the process lives: the log of tests and of programs without a state folder. */
import { Effect, Layer } from "effect"
import type { LogEntry } from "../schemas/Log.ts"
import { LogBackend } from "../src/log/LogBackend.ts"
import { PageCollector } from "../src/log/LogFilter.ts"
import { makeStamp } from "../src/log/LogStamp.ts"
import { Notifications } from "../src/notify/Notifications.ts"
import { tailOf } from "./LogTail.ts"

const CAPACITY = 10_000

export const layer = Layer.effect(
  LogBackend,
  Effect.gen(function*() {
    const notifications = yield* Notifications
    const stamp = yield* makeStamp
    const entries: Array<LogEntry> = []
    return LogBackend.of({
      append: Effect.fnUntraced(function*(entry) {
        const stamped = yield* stamp(entry)
        entries.push(stamped)
        if (entries.length > 2 * CAPACITY) entries.splice(0, CAPACITY)
        yield* notifications.publish("log", [stamped])
      }),
      query: (query) =>
        Effect.sync(() => {
          const collector = new PageCollector(query)
          for (let at = entries.length - 1; at >= 0; at--) {
            const entry = entries[at]
            if (entry !== undefined && !collector.add(entry)) break
          }
          return collector.page()
        }),
      tail: tailOf(notifications)
    })
  })
)
