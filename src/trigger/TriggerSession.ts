/**
 * One subscription to a trigger plugin, from `trigger/watch` to the end of its process or of its stream. Every event reaches
 * the inbox; answers go out beside, so that a plugin that reads none of them is still listened to.
 */
import { Data, Effect, Fiber, Option, Queue, Schema, Stream } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import {
  type TriggerAck,
  type TriggerDefinition,
  TriggerEvent,
  TriggerStreamFailure,
  type TriggerWatchParams
} from "../../schemas/Trigger.ts"
import { PluginHost, type PluginNotification } from "../plugin/PluginHost.ts"
import type { TriggerInbox } from "./TriggerInbox.ts"
import { watchedTriggers } from "./TriggerRouting.ts"

/** The plugin says that it cannot go on listening. */
export class StreamFailed extends Data.TaggedError("StreamFailed")<{ readonly message: string }> {}

export interface SessionOptions {
  readonly plugin: string
  readonly inbox: TriggerInbox
  /** As they are now; waits while they cannot be read. */
  readonly triggers: Effect.Effect<ReadonlyArray<TriggerDefinition>>
  readonly watching: Effect.Effect<void>
}

const WATCH_MILLIS = 30_000
const ACK_MILLIS = "10 seconds"
/** Answers a plugin may be behind in reading; events it does not hear of it sends again, which starts nothing. */
const ACKS = 10_000

const decodeFailure = Schema.decodeUnknownOption(TriggerStreamFailure)
const decodeEvent = Schema.decodeUnknownEffect(TriggerEvent)

const isEvent = ({ method }: PluginNotification): boolean => method === "trigger/event"

const read = (plugin: string) => ({ params }: PluginNotification) => {
  const failure = decodeFailure(params)
  if (Option.isSome(failure)) return Effect.fail(new StreamFailed({ message: failure.value.error.message }))
  return Effect.catch(
    Effect.asSome(decodeEvent(params)),
    ({ message }) =>
      Effect.as(
        Effect.logWarning(`an event of plugin ${plugin} cannot be read and is left out: ${message}`),
        Option.none<TriggerEvent>()
      )
  )
}

/** What came before the failure of a stream still counts. */
const readAll = Effect.fnUntraced(function*(plugin: string, batch: ReadonlyArray<PluginNotification>) {
  const events: Array<TriggerEvent> = []
  for (const frame of batch) {
    const found = yield* Effect.result(read(plugin)(frame))
    if (found._tag === "Failure") return { events, failure: found.failure }
    if (Option.isSome(found.success)) events.push(found.success.value)
  }
  return { events, failure: undefined }
})

/** Best effort: an answer that does not arrive makes the plugin send its event again. */
const answer = Effect.fnUntraced(function*(plugin: string, acks: Queue.Dequeue<TriggerAck>) {
  const host = yield* PluginHost
  const ack = yield* Queue.take(acks)
  yield* Effect.ignore(Effect.timeout(host.notify(plugin, "trigger/ack", ack), ACK_MILLIS))
})

/** Fails when it is over, with the reason. */
export const listen = Effect.fn("TriggerSession.listen")(
  function*({ inbox, plugin, triggers, watching }: SessionOptions) {
    const host = yield* PluginHost
    const frames = yield* host.own(plugin, isEvent)
    const acks = yield* Queue.dropping<TriggerAck>(ACKS)
    yield* Effect.forkScoped(Effect.forever(answer(plugin, acks)))

    const take = Effect.fnUntraced(function*(batch: ReadonlyArray<PluginNotification>) {
      const { events, failure } = yield* readAll(plugin, batch)
      if (events.length > 0) {
        const answers = yield* inbox.accept(events, yield* triggers)
        const refused = Queue.offerAllUnsafe(acks, answers)
        if (refused.length > 0) {
          yield* Effect.logWarning(`plugin ${plugin} reads no answers: ${refused.length} were let go`)
        }
      }
      if (failure !== undefined) return yield* failure
    })
    // Beside the request: a plugin may have more to say than fits before it answers.
    const taking = yield* Effect.forkScoped(Effect.result(Stream.runForEach(frames, take)))

    const cursor = yield* inbox.cursor
    const params: TriggerWatchParams = {
      config: { triggers: watchedTriggers(yield* triggers) },
      ...(cursor === undefined ? {} : { cursor })
    }
    yield* host.call(plugin, "trigger/watch", params, { timeout: WATCH_MILLIS })
    yield* watching
    const ended = yield* Fiber.join(taking)
    return ended._tag === "Failure"
      ? yield* Effect.fail<PluginError | StreamFailed>(ended.failure)
      : yield* Effect.never
  },
  Effect.scoped
)
