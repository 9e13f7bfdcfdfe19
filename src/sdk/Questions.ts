/** What the agents of one process have asked and nobody answered yet: each question is answered once, or never. */
import { Deferred, Effect, Random } from "effect"
import type { Json } from "../../schemas/Json.ts"
import type { AgentQuestion, AgentRespondParams } from "../../schemas/Provider.ts"

export type AgentReply = AgentRespondParams["response"]

interface Open {
  readonly session: string
  readonly reply: Deferred.Deferred<AgentReply>
}

export class Questions {
  private readonly open = new Map<string, Open>()

  /** Tells the host, and waits; whoever stops waiting takes the question back. */
  readonly ask = (
    session: string,
    { expires_at, kind, payload }: AgentQuestion,
    tell: (params: { readonly [key: string]: Json }) => Effect.Effect<void>
  ): Effect.Effect<AgentReply> =>
    Effect.gen({ self: this }, function*() {
      const id = `${session}-${yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)}`
      const reply = Deferred.makeUnsafe<AgentReply>()
      this.open.set(id, { session, reply })
      yield* tell({ interaction_id: id, kind, payload, ...(expires_at === undefined ? {} : { expires_at }) })
      return yield* Effect.ensuring(Deferred.await(reply), Effect.sync(() => this.open.delete(id)))
    })

  /** False when nobody waits for it, or another session does. */
  answer(interaction: string, isOf: (session: string) => boolean, reply: AgentReply): boolean {
    const asked = this.open.get(interaction)
    if (asked === undefined || !isOf(asked.session)) return false
    this.open.delete(interaction)
    return Deferred.doneUnsafe(asked.reply, Effect.succeed(reply))
  }
}
