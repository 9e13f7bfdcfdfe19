/**
 * A part that watches the world for events. The host asks once, acknowledges every event, and after a restart gives back
 * the cursor of the last one it kept; an event may come twice, and the host knows it by its `event_id`.
 */
import { Effect, type Scope } from "effect"
import { Empty } from "../../schemas/Json.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import {
  TriggerAck,
  TriggerEvent,
  TriggerMethods,
  TriggerSchema,
  TriggerStreamFailure,
  TriggerWatchParams
} from "../../schemas/Trigger.ts"
import { type Follow, makeFollowing } from "./Following.ts"
import { answer, params } from "./Params.ts"
import type { Host, Methods, Part } from "./Part.ts"
import type { PluginFailure } from "./PluginFailure.ts"

/** `cursor` is the plugin's own and opaque; the host gives the last one back. */
export type TriggerEventInput = typeof TriggerEvent["~type.make.in"]

export interface TriggerBackend {
  /** Subscribed when it returns. Only what `config.triggers` names should be told. */
  readonly watch: (given: TriggerWatchParams) => Follow<TriggerEventInput>
  /** What became of an event; the host sends it once the event is kept. */
  readonly ack?: (ack: TriggerAck) => Effect.Effect<void>
  readonly health?: NonNullable<Methods["health"]>
}

export interface TriggerBackendOptions {
  /** What it can watch, and what it promises: `supports_resume`, `supports_dedup`, `supports_ack`. */
  readonly schema: typeof TriggerSchema["~type.make.in"]
  readonly open: (host: Host) => Effect.Effect<TriggerBackend, PluginFailure, Scope.Scope>
}

const readWatch = params(TriggerWatchParams)
const readAck = params(TriggerAck)
const readNothing = params(Empty)
const writeEvent = answer(TriggerEvent)
const writeFailure = answer(TriggerStreamFailure)
const writeSchema = answer(TriggerSchema)

const EVENT = "trigger/event"

const opened = Effect.fnUntraced(function*(backend: TriggerBackend, schema: TriggerSchema, notify: Host["notify"]) {
  const following = yield* makeFollowing
  const told = (event: TriggerEventInput) =>
    Effect.flatMap(Effect.suspend(() => writeEvent(TriggerEvent.make(event))), (params) => notify(EVENT, params))
  const broke = ({ code, message }: PluginFailure) =>
    Effect.flatMap(
      writeFailure({ error: { code: code ?? ErrorCode.InternalError, message } }),
      (params) => notify(EVENT, params)
    )
  const acked = (given: unknown) => Effect.tap(readAck(given), (ack) => backend.ack?.(ack) ?? Effect.void)
  return {
    requests: {
      "trigger/watch": (given) =>
        Effect.flatMap(readWatch(given), (asked) => following.start("watch", backend.watch(asked), told, broke)).pipe(
          Effect.as({ watching: true })
        ),
      "trigger/ack": (given) => Effect.map(acked(given), ({ event_id }) => ({ event_id, acked: true })),
      "trigger/schema": (given) => Effect.andThen(readNothing(given), writeSchema(schema))
    },
    notifications: {
      // The host sends it this way; there is nobody to tell that it was not understood.
      "trigger/ack": (given) => Effect.catch(Effect.asVoid(acked(given)), ({ message }) => Effect.logWarning(message))
    },
    ...(backend.health === undefined ? {} : { health: backend.health })
  } satisfies Methods
})

export const triggerBackend = ({ open, schema }: TriggerBackendOptions): Part => ({
  capabilities: Object.keys(TriggerMethods),
  streaming: true,
  open: (host) => Effect.flatMap(open(host), (backend) => opened(backend, TriggerSchema.make(schema), host.notify))
})
