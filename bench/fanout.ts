/**
 * One producer, a hundred listeners: `Notifications` against a hundred functions called in a loop. Both hand the same objects
 * over in the same batches, one a read of a plugin's stdout, and every listener looks at every message.
 */
import { Deferred, Effect, Layer, Stream } from "effect"
import type { AgentOutput } from "../schemas/control/AgentRpcs.ts"
import { notification } from "../schemas/JsonRpc.ts"
import { type Delivery, Notifications } from "../src/notify/Notifications.ts"
import { type Benchmark, figure, interleave, perSecond, type Target } from "./harness.ts"

const LISTENERS = 100
const message = (index: number): AgentOutput => ({
  workflow_id: "run-1",
  phase_id: "implement",
  attempt: 1,
  session_id: "session-1",
  kind: "text",
  text: `${index} `.padEnd(80, "what an agent says ")
})

/** What a listener does with a message, the same on both sides. */
class Tally {
  chars = 0
  left = 0
  take({ text }: AgentOutput): void {
    this.chars += text.length
    this.left--
  }
}

const raw = (batches: ReadonlyArray<ReadonlyArray<AgentOutput>>, total: number) => {
  const tally = new Tally()
  const listeners = Array.from({ length: LISTENERS }, () => (message: AgentOutput) => tally.take(message))
  return Effect.promise(async () => {
    tally.left = total * LISTENERS
    for (const batch of batches) {
      for (const message of batch) for (const listener of listeners) listener(message)
      // Reads come one a turn of the loop, on both sides.
      await new Promise(setImmediate)
    }
    if (tally.left !== 0) throw new Error(`${tally.left} messages were not delivered`)
  })
}

const subscribe = Effect.fnUntraced(function*(total: number) {
  const { publish, subscribe } = yield* Notifications
  const tally = new Tally()
  let done = Deferred.makeUnsafe<void>()
  const take = (delivery: Delivery<AgentOutput>) => {
    if (delivery._tag === "Lagged") throw new Error(`${delivery.lost} messages were lost`)
    for (const message of delivery.items) tally.take(message)
    if (tally.left === 0) Deferred.doneUnsafe(done, Effect.void)
  }
  for (let listener = 0; listener < LISTENERS; listener++) {
    const stream = yield* subscribe("agent")
    yield* Effect.forkScoped(
      Stream.runForEachArray(stream, (deliveries) => Effect.sync(() => deliveries.forEach(take)))
    )
  }
  return Effect.fnUntraced(function*(batches: ReadonlyArray<ReadonlyArray<AgentOutput>>) {
    tally.left = total * LISTENERS
    done = Deferred.makeUnsafe<void>()
    for (const batch of batches) {
      yield* publish("agent", batch)
      yield* Effect.promise(() => new Promise(setImmediate))
    }
    yield* Deferred.await(done)
  })
})

const measure = Effect.fnUntraced(
  function*(name: string, perRead: number, reads: number, target?: Target) {
    const total = perRead * reads
    const batches = Array.from(
      { length: reads },
      (_, read) => Array.from({ length: perRead }, (_, index) => message(read * perRead + index))
    )
    const publishAll = yield* subscribe(total)
    const { baseline, ours } = yield* interleave(
      { rounds: 15, warmUp: 4 },
      { name: `Notifications, ${name}`, round: perSecond(total, publishAll(batches)) },
      { name: "callbacks in a loop", round: perSecond(total, raw(batches, total)) }
    )
    return [figure("messages/s", ours, baseline, target)]
  },
  Effect.scoped,
  Effect.provide(Layer.fresh(Notifications.layer))
)

/** A pipe is read 64 KiB at a time: so many messages arrive together when an agent says much. */
const FULL_READ = Math.floor(64 * 1024 / `${JSON.stringify(notification("agent/output", message(1)))}\n`.length)

export const fanout: Benchmark = {
  summary: `every message to ${LISTENERS} subscribers`,
  parts: {
    "full-reads": measure("full reads", FULL_READ, 200, { of: "ratio", is: "at least", limit: 0.5 }),
    "one-message": measure("one message a read", 1, 1000)
  }
}
