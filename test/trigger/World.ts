/** A trigger plugin that the test speaks for, above a queue in memory and records that outlive a daemon. */
import { Deferred, Effect, Layer, Logger, Queue, type Scope } from "effect"
import * as DispatchQueueMemory from "../../layers/DispatchQueueMemory.ts"
import type { MemoryProgram } from "../../layers/PluginProcessMemory.ts"
import * as TriggerStoreMemory from "../../layers/TriggerStoreMemory.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { TriggerAck, TriggerDefinition } from "../../schemas/Trigger.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import type { PluginHost } from "../../src/plugin/PluginHost.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import type { TriggerRecord } from "../../src/trigger/TriggerState.ts"
import { TriggerTarget } from "../../src/trigger/TriggerTarget.ts"
import { TriggerWatch } from "../../src/trigger/TriggerWatch.ts"
import { Workflows } from "../../src/workflow/Workflows.ts"
import { answer, note, serving, type Talk } from "../plugin/scripted.ts"
import { hostsOf } from "../tools/Hosts.ts"

export const trigger: TriggerDefinition = {
  id: "ci",
  type: "plugin",
  enabled: true,
  workflow_ref: "build",
  config: { repo: "x" }
}

/** One process of the plugin, since it was asked to watch. */
export interface Watched extends Talk {
  readonly params: unknown
  readonly event: (id: string, over?: object) => Effect.Effect<void>
  readonly end: (code: number) => Effect.Effect<void>
}

export const makeWorld = Effect.gen(function*() {
  const records = new Map<string, TriggerRecord>()
  const watches = yield* Queue.unbounded<Watched>()
  const acks = yield* Queue.unbounded<TriggerAck>()
  const uninstalled = new Set<string>()
  const lines: Array<string> = []
  /** Closed, the queue takes nothing. */
  const gate = { open: yield* Deferred.make<void>() }
  yield* Deferred.succeed(gate.open, undefined)

  let ending = (_code: number): Effect.Effect<void> => Effect.void
  const served = serving((frame, talk) =>
    Effect.gen(function*() {
      if (frame.method === "trigger/ack") return yield* Effect.asVoid(Queue.offer(acks, frame.params as TriggerAck))
      if (frame.method !== "trigger/watch") return
      yield* talk.say(answer(frame.id, { watching: true }))
      const event = (event_id: string, over: object = {}) =>
        talk.say(note("trigger/event", { event_id, trigger_id: "ci", payload: { n: event_id }, ...over }))
      yield* Queue.offer(watches, { ...talk, params: frame.params, event, end: ending })
    })
  )

  const program: MemoryProgram = (command) =>
    Effect.gen(function*() {
      const ended = yield* Deferred.make<number>()
      ending = (code) => Effect.asVoid(Deferred.succeed(ended, code))
      return yield* Effect.raceFirst(served(command), Deferred.await(ended))
    })

  /** What happens in `use` happens in one daemon; the records stay for the next. */
  const daemon = <A, E>(
    use: Effect.Effect<A, E, TriggerWatch | DispatchQueue | PluginHost | Notifications | Scope.Scope>,
    env: Record<string, string> = {}
  ) => {
    const target = Layer.effect(
      TriggerTarget,
      Effect.map(DispatchQueue, (queue) => ({
        enqueue: (dispatch, priority) => Effect.andThen(Deferred.await(gate.open), queue.enqueue(dispatch, priority))
      }))
    )
    return use.pipe(
      Effect.scoped,
      Effect.provide(TriggerWatch.layer.pipe(
        Layer.provide(target),
        Layer.provideMerge(DispatchQueueMemory.layer),
        Layer.provide(TriggerStoreMemory.layerOf(records)),
        Layer.provide(Workflows.layerOf([], [trigger])),
        Layer.provideMerge(
          hostsOf({ hooks: { program, facts: { plugin_kind: "trigger_backend" } } }, env, uninstalled)
        ),
        Layer.provideMerge(Notifications.layer),
        Layer.provide(Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))]))
      ))
    )
  }
  return {
    records,
    daemon,
    gate,
    uninstalled,
    lines,
    watched: Queue.take(watches),
    ack: Queue.take(acks),
    acks,
    watches
  }
})

/** The run of the entry that is next comes to its end. */
export const finishNext = Effect.gen(function*() {
  const queue = yield* DispatchQueue
  const run = RunId.make("r-1")
  yield* queue.lease(run)
  yield* queue.complete(run)
})

export const queued = Effect.map(
  DispatchQueue.use(({ list }) => list),
  (entries) => entries.map(({ dispatch }) => dispatch.subject.metadata["event"])
)
