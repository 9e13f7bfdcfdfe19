/**
 * The control surface, typed, from outside the daemon. Connects when first used. Each stream has a connection of its own, so
 * that one that is read slowly never delays an answer; every call has a deadline; what goes wrong is a typed error.
 *
 * The first element of a stream is `{ watching: true }`: from then on nothing is missed.
 */
import { Context, Deferred, Duration, Effect, Exit, Fiber, Layer, Scope, Semaphore } from "effect"
import { RpcClient, type RpcMessage } from "effect/rpc"
import { ControlApi } from "../../schemas/control/ControlApi.ts"
import { ControlError } from "../../schemas/control/ControlError.ts"
import { ClientLink } from "./ClientLink.ts"
import { codecOf, type ControlMethod, type ControlRpc } from "./ControlCodec.ts"
import { type ConnectError, ControlConnection } from "./ControlConnection.ts"

const DEADLINE = Duration.seconds(60)

/** For an agent. */
const AFTER_AGENT = Duration.minutes(31)
/** A plugin that does not answer within 120 s is named by the daemon, which knows it. */
const AFTER_PLUGIN = Duration.seconds(150)
const askPlugins: ReadonlySet<ControlMethod> = new Set<ControlMethod>(["plugin/call", "queue/enqueue", "workflow/run"])

const usualFor = (method: ControlMethod): Duration.Duration => {
  if (method === "agent/run") return AFTER_AGENT
  return method.startsWith("subject/") || askPlugins.has(method) ? AFTER_PLUGIN : DEADLINE
}

/** Between the daemon's giving up and its saying so. */
const SLACK_SECONDS = 30

const deadlineOf = (method: ControlMethod, payload: unknown): Duration.Duration => {
  const stated =
    typeof payload === "object" && payload !== null && method === "plugin/call" && "timeout_secs" in payload
      ? payload.timeout_secs
      : undefined
  return typeof stated === "number" ? Duration.seconds(stated + SLACK_SECONDS) : usualFor(method)
}

interface Open {
  readonly link: ClientLink
  readonly fiber: Fiber.Fiber<void>
}

interface Outgoing extends Open {
  /** The only request on its connection, which ends with it. */
  readonly alone: boolean
  timer: Fiber.Fiber<void> | undefined
}

const overdue = (method: string, deadline: Duration.Duration) =>
  new ControlError({
    category: "unavailable",
    message: `the daemon did not answer ${method} within ${Duration.toSeconds(deadline)} s. See: animus daemon health`
  })

type Deliver = (message: RpcMessage.FromServer<ControlRpc>) => Effect.Effect<void>

/** The connection lives until its fiber ends, whoever waited for it to open. */
const openLink = Effect.fnUntraced(function*(deliver: Deliver) {
  const connection = yield* ControlConnection
  const opened = yield* Deferred.make<ClientLink, ConnectError>()
  const scope = yield* Effect.scope
  const fiber = yield* Effect.gen(function*() {
    const link = new ClientLink(yield* connection.open, deliver)
    yield* Deferred.succeed(opened, link)
    yield* link.run
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => Effect.asVoid(Deferred.fail(opened, error))),
    Effect.forkIn(scope)
  )
  const link = yield* Effect.onInterrupt(Deferred.await(opened), () => Fiber.interrupt(fiber))
  return { link, fiber }
})

/** Which connection each request is out on, and what ends its waiting. */
class Requests {
  private readonly out = new Map<RpcMessage.RequestId, Outgoing>()
  private readonly opening = Semaphore.makeUnsafe(1)
  private shared: Open | undefined
  private readonly context: Context.Context<ControlConnection | Scope.Scope>
  private readonly deliver: Deliver

  constructor(context: Context.Context<ControlConnection | Scope.Scope>, deliver: Deliver) {
    this.context = context
    this.deliver = (message) =>
      Effect.andThen(deliver(message), Effect.sync(() => message._tag === "Exit" && this.settle(message.requestId)))
  }

  begin(message: RpcMessage.Request<ControlRpc>): Effect.Effect<void, ConnectError> {
    const codec = codecOf(message.tag)
    if (codec === undefined) return Effect.die(`${message.tag} is no method of the control surface`)
    const open = codec._tag === "Stream" ? this.open : this.forCalls
    return Effect.flatMap(open, ({ fiber, link }) => {
      const outgoing: Outgoing = { link, fiber, alone: codec._tag === "Stream", timer: undefined }
      this.out.set(message.id, outgoing)
      const sent = link.request(message.id, codec, message.payload)
      return outgoing.alone ? sent : Effect.andThen(this.limit(message, codec.method, outgoing), sent)
    })
  }

  cancel(id: RpcMessage.RequestId): Effect.Effect<void> {
    return Effect.suspend(() => {
      const outgoing = this.out.get(id)
      if (outgoing === undefined) return Effect.void
      this.settle(id)
      // Closing the connection is the word for a stream that cannot be missed.
      return outgoing.alone ? Fiber.interrupt(outgoing.fiber) : outgoing.link.cancel(id)
    })
  }

  private limit(
    { id, payload }: RpcMessage.Request<ControlRpc>,
    method: ControlMethod,
    outgoing: Outgoing
  ): Effect.Effect<void> {
    const deadline = deadlineOf(method, payload)
    const expire = Effect.suspend(() => {
      outgoing.timer = undefined
      return outgoing.link.giveUp(id, Exit.fail(overdue(method, deadline)))
    })
    return Effect.delay(expire, deadline).pipe(
      Effect.forkIn(Context.get(this.context, Scope.Scope)),
      Effect.map((timer) => {
        outgoing.timer = timer
      })
    )
  }

  private settle(id: RpcMessage.RequestId): void {
    const outgoing = this.out.get(id)
    if (outgoing === undefined) return
    this.out.delete(id)
    outgoing.timer?.interruptUnsafe()
    if (outgoing.alone) outgoing.fiber.interruptUnsafe()
  }

  private get open(): Effect.Effect<Open, ConnectError> {
    return Effect.provideContext(openLink(this.deliver), this.context)
  }

  /** Calls share one connection, opened again when it was lost. */
  private get forCalls(): Effect.Effect<Open, ConnectError> {
    return this.opening.withPermit(Effect.suspend(() => {
      if (this.shared !== undefined && !this.shared.link.ended) return Effect.succeed(this.shared)
      return Effect.tap(this.open, (open) =>
        Effect.sync(() => {
          this.shared = open
        }))
    }))
  }
}

const make = Effect.gen(function*() {
  const context = yield* Effect.context<ControlConnection | Scope.Scope>()
  const requests: Requests = new Requests(context, (message) => write(message))
  const { client, write } = yield* RpcClient.makeNoSerialization<ControlRpc, ConnectError>(ControlApi, {
    supportsAck: false,
    disableTracing: true,
    onFromClient: ({ message }) => {
      if (message._tag === "Request") return requests.begin(message)
      return message._tag === "Interrupt" ? requests.cancel(message.requestId) : Effect.void
    }
  })
  return client
})

export class ControlClient extends Context.Service<ControlClient, RpcClient.RpcClient<ControlRpc, ConnectError>>()(
  "animus/control/ControlClient"
) {
  static readonly layer: Layer.Layer<ControlClient, never, ControlConnection> = Layer.effect(ControlClient, make)
}
