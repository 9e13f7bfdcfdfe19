/** The agents of every daemon of a trial: each waits until it is told what to say. */
import { Deferred, Effect } from "effect"
import type { AgentSession } from "../../../src/agent/AgentSession.ts"

interface Live {
  readonly session: AgentSession
  readonly answer: Deferred.Deferred<string>
}

export class Agents {
  readonly live = new Map<string, Live>()
  readonly #launches = new Map<string, number>()
  readonly #awaited: Array<
    { readonly run: string; readonly launches: number; readonly seen: Deferred.Deferred<void> }
  > = []
  readonly open = new Map<string, Array<string>>()

  readonly script = (session: AgentSession) =>
    Effect.suspend(() => {
      const run = session.owner ?? ""
      const answer = Deferred.makeUnsafe<string>()
      this.live.set(run, { session, answer })
      this.open.set(run, [])
      this.#launches.set(run, this.launches(run) + 1)
      for (const { launches, run: of, seen } of this.#awaited) {
        if (of === run && this.launches(run) >= launches) Deferred.doneUnsafe(seen, Effect.void)
      }
      return Effect.ensuring(Deferred.await(answer), Effect.sync(() => this.live.delete(run)))
    })

  launches(run: string): number {
    return this.#launches.get(run) ?? 0
  }

  launched(run: string, launches: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.launches(run) >= launches) return Effect.void
      const seen = Deferred.makeUnsafe<void>()
      this.#awaited.push({ run, launches, seen })
      return Deferred.await(seen)
    })
  }
}
