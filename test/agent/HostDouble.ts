/** A plugin host without processes: calls are answered by a function, notifications are emitted by the test. */
import { Cause, Deferred, Effect, Layer, Queue, type Scope, Stream } from "effect"
import { ConnectionLost, type PluginError, PluginNotFound } from "../../schemas/errors/PluginErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import { PluginCatalog } from "../../src/plugin/PluginCatalog.ts"
import { type CallOptions, PluginHost, type PluginNotification } from "../../src/plugin/PluginHost.ts"

export interface Call {
  readonly plugin: string
  readonly method: string
  readonly params: unknown
  readonly options: CallOptions | undefined
}

type Answer = (call: Call, host: HostDouble) => Effect.Effect<Json, PluginError>

interface Owner {
  readonly plugin: string
  readonly accepts: (notification: PluginNotification) => boolean
  readonly queue: Queue.Queue<ReadonlyArray<PluginNotification>, PluginError>
}

export class HostDouble {
  readonly calls: Array<Call> = []
  readonly notified: Array<{ readonly method: string; readonly params: unknown }> = []
  readonly owners = new Set<Owner>()
  readonly restarted: Array<string> = []
  private process = Deferred.makeUnsafe<never, ConnectionLost>()
  private ids = 0
  private readonly manifests: Readonly<Record<string, ReadonlyArray<string>>>
  private readonly answer: Answer

  /** Plugin name -> the capabilities of its manifest. */
  constructor(manifests: Readonly<Record<string, ReadonlyArray<string>>>, answer: Answer) {
    this.manifests = manifests
    this.answer = answer
  }

  get methods() {
    return this.calls.map(({ method }) => method)
  }

  /** As one read of that plugin's stdout: waits while an owner is full. */
  emit(plugin: string, ...frames: ReadonlyArray<readonly [method: string, params: unknown]>): Effect.Effect<void> {
    const batch = frames.map(([method, params]) => ({ method, params }))
    return Effect.forEach([...this.owners].filter((owner) => owner.plugin === plugin), ({ accepts, queue }) => {
      const accepted = batch.filter(accepts)
      return accepted.length === 0 ? Effect.void : Queue.offer(queue, accepted)
    }, { discard: true })
  }

  lose(plugin: string, error: ConnectionLost): Effect.Effect<void> {
    return Effect.forEach(
      [...this.owners].filter((owner) => owner.plugin === plugin),
      ({ queue }) => Queue.fail(queue, error),
      {
        discard: true
      }
    )
  }

  get layer(): Layer.Layer<PluginCatalog | PluginHost> {
    const own = Effect.fnUntraced(function*(
      this: HostDouble,
      plugin: string,
      accepts: Owner["accepts"]
    ): Effect.fn.Return<Stream.Stream<ReadonlyArray<PluginNotification>, PluginError>, PluginError, Scope.Scope> {
      const owner = { plugin, accepts, queue: yield* Queue.bounded<ReadonlyArray<PluginNotification>, PluginError>(1) }
      yield* Effect.acquireRelease(
        Effect.sync(() => this.owners.add(owner)),
        () => Effect.andThen(Effect.sync(() => this.owners.delete(owner)), Queue.shutdown(owner.queue))
      )
      return Stream.fromEffectRepeat(Queue.take(owner.queue))
    }).bind(this)
    const host = PluginHost.of({
      call: (plugin, method, params, options) =>
        Effect.suspend(() => {
          options?.onId?.(++this.ids)
          const call = { plugin, method, params, options }
          this.calls.push(call)
          return Effect.raceFirst(this.answer(call, this), Deferred.await(this.process))
        }),
      notify: (_, method, params) => Effect.sync(() => void this.notified.push({ method, params })),
      own,
      notifications: () => Effect.succeed(Stream.never),
      initialized: (plugin) =>
        Effect.succeed({
          protocol_version: "1.1.0",
          plugin_info: { name: plugin, version: "1.0.0", plugin_kind: "provider" },
          capabilities: {
            methods: plugin.endsWith("-late") ? ["agent/resume"] : [],
            streaming: true,
            progress: false,
            cancellation: true
          }
        }),
      status: (plugin) => Effect.fail(new PluginNotFound({ plugin, known: [] })),
      statuses: Effect.succeed([]),
      restart: (plugin, reason) =>
        Effect.suspend(() => {
          this.restarted.push(plugin)
          const error = new ConnectionLost({ plugin, detail: reason })
          for (const owner of this.owners) {
            if (owner.plugin === plugin) Queue.failCauseUnsafe(owner.queue, Cause.fail(error))
          }
          const before = this.process
          this.process = Deferred.makeUnsafe()
          return Effect.as(Deferred.fail(before, error), [])
        }),
      heirs: () => Effect.undefined,
      events: Stream.never
    })
    const plugins = Object.entries(this.manifests).map(([name, capabilities]) => ({
      name,
      path: `/plugins/${name}`,
      source: "user_dir" as const,
      manifest: { name, version: "1.0.0", plugin_kind: "x", description: "", protocol_version: "1.1.0", capabilities }
    }))
    const catalog = PluginCatalog.of({
      discovery: Effect.succeed({ plugins, warnings: [] }),
      find: (plugin) => Effect.fail(new PluginNotFound({ plugin, known: [] }))
    })
    return Layer.mergeAll(Layer.succeed(PluginHost, host), Layer.succeed(PluginCatalog, catalog))
  }
}
