/**
 * Which frames of a provider belong to which of its live sessions: by the id the host minted, or by the provider's own as
 * soon as a frame or a resume told it; progress by the request it names. What a provider says while one session lives is that
 * session's, whatever it names. A frame that could be anybody's is nobody's; where a provider has ids of its own, a session
 * begins once the one before it has said its.
 */
import { Deferred, Effect, Latch, Semaphore } from "effect"
import type { SessionId } from "../../schemas/Ids.ts"
import type { RequestId } from "../../schemas/JsonRpc.ts"
import type { PluginNotification } from "../plugin/PluginHost.ts"

const PROGRESS = "$/progress"
/** What a plugin says that is of other kinds, too: no agent's words. */
const foreign: ReadonlySet<string> = new Set([
  "config/changed",
  "log/entry",
  "log_storage/event",
  "subject/changed",
  "trigger/event"
])
/** Ids of sessions that have ended: what still comes under them is late. */
const REMEMBERED = 200

const field = (params: unknown, key: string): unknown =>
  typeof params === "object" && params !== null && Object.hasOwn(params, key) ? Reflect.get(params, key) : undefined

const text = (params: unknown, key: string): string | undefined => {
  const value = field(params, key)
  return typeof value === "string" && value.trim() !== "" ? value : undefined
}

/** How long a session waits for a word of the one before it, which may think first. */
const FIRST_WORD = "10 seconds"

interface Known {
  /** The provider's own id. */
  own: string | undefined
  request: RequestId | undefined
  /** It has been named, by either id. */
  named: boolean
}

/** The live sessions of one plugin, with what is known of each. */
export class SessionFrames {
  private readonly live = new Map<SessionId, Known>()
  private readonly ended = new Set<string>()
  /** The provider has named a session by an id that nobody had told. */
  private surprising = false
  /** Whoever lives can be told from whoever begins next. */
  private readonly apart = Latch.makeUnsafe(true)
  private readonly turn = Semaphore.makeUnsafe(1)
  private readonly waiting = new Map<SessionId, Deferred.Deferred<boolean>>()

  /** False when it was given up before its turn came. */
  begin(session: SessionId, own: string | undefined): Effect.Effect<boolean> {
    const begun = Effect.sync(() => {
      if (!this.waiting.delete(session)) return false
      this.live.set(session, { own, request: undefined, named: own !== undefined })
      this.look()
      return true
    })
    return Effect.suspend(() => {
      const givenUp = Deferred.makeUnsafe<boolean>()
      this.waiting.set(session, givenUp)
      const turn = this.turn.withPermit(Effect.andThen(Effect.timeoutOption(this.apart.await, FIRST_WORD), begun))
      return Effect.ensuring(
        Effect.raceFirst(turn, Deferred.await(givenUp)),
        Effect.sync(() => void this.waiting.delete(session))
      )
    })
  }

  /** True for one that has not begun, and does not any more. */
  giveUp(session: SessionId): boolean {
    const waiting = this.waiting.get(session)
    if (waiting === undefined) return false
    this.waiting.delete(session)
    return Deferred.doneUnsafe(waiting, Effect.succeed(false))
  }

  /** Under which id the provider was asked for it. */
  asked(session: SessionId, request: RequestId): void {
    const known = this.live.get(session)
    if (known !== undefined) known.request = request
  }

  end(session: SessionId): void {
    const own = this.ownId(session)
    if (!this.live.delete(session)) return
    this.look()
    for (const id of own === undefined ? [session] : [session, own]) this.ended.add(id)
    for (const oldest of this.ended) {
      if (this.ended.size <= REMEMBERED) break
      this.ended.delete(oldest)
    }
  }

  ownId(session: SessionId): string | undefined {
    return this.live.get(session)?.own
  }

  owns(session: SessionId, frame: PluginNotification): boolean {
    return this.ownerOf(frame) === session
  }

  private ownerOf({ method, params }: PluginNotification): SessionId | undefined {
    if (method === PROGRESS) {
      return this.find(({ request }) => request !== undefined && String(request) === String(field(params, "id")))
    }
    const id = text(params, "session_id")
    const control = text(params, "control_session_id")
    for (const [session, known] of this.live) {
      if (session !== control && session !== id) continue
      if (id !== undefined && id !== session) known.own = id
      this.name(known)
      return session
    }
    if (id === undefined) return this.alone(method)
    return this.find(({ own }) => own === id) ?? this.newcomer(id) ??
      (this.ended.has(id) ? undefined : this.alone(method))
  }

  private find(is: (known: Known) => boolean): SessionId | undefined {
    for (const [session, known] of this.live) if (is(known)) return session
    return undefined
  }

  /** The one session whose own id is not known yet has this one. */
  private newcomer(id: string): SessionId | undefined {
    const [only, ...others] = [...this.live].filter(([, { own }]) => own === undefined)
    if (only === undefined || this.ended.has(id) && others.length > 0) return undefined
    this.surprising = true
    if (others.length > 0) {
      this.look()
      return undefined
    }
    only[1].own = id
    this.name(only[1])
    return only[0]
  }

  private name(known: Known): void {
    if (known.named) return
    known.named = true
    this.look()
  }

  private look(): void {
    const open = !this.surprising || [...this.live.values()].every(({ named }) => named)
    if (open) this.apart.openUnsafe()
    else this.apart.closeUnsafe()
  }

  private alone(method: string): SessionId | undefined {
    const [only, ...others] = this.live.keys()
    // An unknown `$/` notification is to be ignored.
    return others.length > 0 || foreign.has(method) || method.startsWith("$/") ? undefined : only
  }
}
