/**
 * Fan-out of what happens, to whoever is listening now. Producers never block; a slow subscriber loses the oldest first and
 * is told how many it lost. Volatile: what must not be lost is in a journal, and a subscriber catches up from there.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { AgentOutput } from "../../schemas/control/AgentRpcs.ts"
import type { DaemonRunEvent, WorkflowEvent } from "../../schemas/control/Events.ts"
import type { LogEntry } from "../../schemas/Log.ts"
import type { SubjectChangedEvent } from "../../schemas/Subject.ts"

/** `agent` is what an agent is saying, as it says it. */
export interface Topics {
  readonly workflow: WorkflowEvent
  readonly daemon: DaemonRunEvent
  readonly log: LogEntry
  readonly agent: AgentOutput
  readonly subject: SubjectChangedEvent
}
export type Topic = keyof Topics

export type Delivery<A> =
  | { readonly _tag: "Items"; readonly items: ReadonlyArray<A> }
  | { readonly _tag: "Lagged"; readonly lost: number }

export interface TopicOptions {
  /** Batches a subscriber may be behind before it loses the oldest. */
  readonly capacity?: number
}

export class Notifications extends Context.Service<Notifications, {
  readonly publish: <T extends Topic>(topic: T, items: ReadonlyArray<Topics[T]>) => Effect.Effect<void>
  /** Everything published after this returns. */
  readonly subscribe: <T extends Topic>(
    topic: T,
    options?: TopicOptions
  ) => Effect.Effect<Stream.Stream<Delivery<Topics[T]>>, never, Scope.Scope>
}>()("animus/notify/Notifications") {}
