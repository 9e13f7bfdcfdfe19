/**
 * Fan-out of what happens, to whoever is listening now. Producers never block; a slow subscriber loses the oldest first and
 * is told how many it lost. Volatile: what must not be lost is in a journal, and a subscriber catches up from there.
 */
import { Context, Effect, Layer, type Scope, type Stream } from "effect"
import type { AgentOutput } from "../../schemas/control/AgentRpcs.ts"
import type { DaemonRunEvent, WorkflowEvent } from "../../schemas/control/Events.ts"
import type { LogEntry } from "../../schemas/Log.ts"
import { type Delivery, type Feed, makeFeed } from "./Feed.ts"

export type { Delivery }

/** `agent` is what an agent is saying, as it says it. */
export interface Topics {
  readonly workflow: WorkflowEvent
  readonly daemon: DaemonRunEvent
  readonly log: LogEntry
  readonly agent: AgentOutput
}
export type Topic = keyof Topics

export interface TopicOptions {
  /** Batches a subscriber may be behind before it loses the oldest; at most what the topic keeps, which is the default. */
  readonly capacity?: number
}

export interface TopicLimits {
  /** Batches, one per publish. */
  readonly capacity: number
  /** An estimate; the newest batch is kept whatever its size. */
  readonly bytes: number
}

export class Notifications extends Context.Service<Notifications, {
  readonly publish: <T extends Topic>(topic: T, items: ReadonlyArray<Topics[T]>) => Effect.Effect<void>
  /** Everything published after this returns. */
  readonly subscribe: <T extends Topic>(
    topic: T,
    options?: TopicOptions
  ) => Effect.Effect<Stream.Stream<Delivery<Topics[T]>>, never, Scope.Scope>
}>()("animus/notify/Notifications") {
  /** Everything a topic keeps for those who are behind is within these limits, however many they are. */
  static readonly layerOf = (limits: TopicLimits) =>
    Layer.effect(
      Notifications,
      Effect.gen(function*() {
        const topics: { readonly [T in Topic]: Feed<Topics[T]> } = {
          workflow: yield* makeFeed<WorkflowEvent>(limits),
          daemon: yield* makeFeed<DaemonRunEvent>(limits),
          log: yield* makeFeed<LogEntry>(limits),
          agent: yield* makeFeed<AgentOutput>(limits)
        }
        return Notifications.of({
          publish: (topic, items) => topics[topic].publish(items),
          subscribe: (topic, options) => topics[topic].subscribe(options?.capacity ?? limits.capacity)
        })
      })
    )

  static readonly layer = Notifications.layerOf({ capacity: 256, bytes: 10 * 1024 * 1024 })
}
