/**
 * Which processes of a provider belong to which of its sessions. A provider tells nobody, so it is looked: whoever was not
 * there at one look and is at the next was started by a session that lived in between. After a cancelled session those end
 * that it may have started and that no living session may need; the others are named.
 */
import { Clock, Effect, Semaphore } from "effect"
import type { SessionId } from "../../schemas/Ids.ts"
import { PluginHost } from "../plugin/PluginHost.ts"
import { keyOf, nameOf } from "../project/Family.ts"
import type { ProcessRow } from "../project/ProcessTable.ts"

/** Milliseconds between two looks while a session speaks: a tool may be orphaned before anybody asks for it. */
const LOOK_EVERY = 1_000

export class ProviderProcesses {
  private readonly plugin: string
  private readonly live = new Set<SessionId>()
  /** Who lived when a process was first seen; nobody, for what was there before any session. */
  private starters = new Map<string, ReadonlySet<SessionId>>()
  private looked = -Infinity
  /** No session begins while processes are ended: what it started would be taken for those. */
  private readonly turn = Semaphore.makeUnsafe(1)

  constructor(plugin: string) {
    this.plugin = plugin
  }

  begin(session: SessionId): Effect.Effect<void, never, PluginHost> {
    return this.turn.withPermit(Effect.map(this.look, () => void this.live.add(session)))
  }

  /** Called with every batch of frames; looks now and then. */
  get heard(): Effect.Effect<void, never, PluginHost> {
    return Effect.gen({ self: this }, function*() {
      const now = yield* Clock.currentTimeMillis
      if (now - this.looked < LOOK_EVERY) return
      this.looked = now
      yield* this.turn.withPermitsIfAvailable(1)(this.look)
    })
  }

  /** The session is over, and whatever it started may go on. */
  end(session: SessionId): Effect.Effect<void, never, PluginHost> {
    return Effect.suspend(() =>
      this.live.has(session)
        ? this.turn.withPermit(Effect.map(this.look, () => void this.live.delete(session)))
        : Effect.void
    )
  }

  /** The session was cancelled, and nothing of it may go on; comes back with what does. */
  clear(session: SessionId): Effect.Effect<ReadonlyArray<ProcessRow>, never, PluginHost> {
    return this.turn.withPermit(Effect.gen({ self: this }, function*() {
      const rows = yield* this.look
      this.live.delete(session)
      const heirs = yield* this.heirs
      if (heirs === undefined || rows.length === 0) return []
      const its = rows.filter((row) => this.startersOf(row).has(session))
      const mayGo = (row: ProcessRow) => [...this.startersOf(row)].every((starter) => !this.live.has(starter))
      const theirs = its.filter((row) => !mayGo(row))
      const { ended, survivors } = yield* this.live.size === 0
        ? heirs.endAllBut(rows.filter((row) => !its.includes(row)))
        : heirs.end(its.filter(mayGo))
      if (ended.length > 0) {
        yield* Effect.logInfo(`ended what session ${session} had left running: ${ended.map(nameOf).join(", ")}`)
      }
      return [...theirs, ...survivors]
    }))
  }

  private get heirs() {
    return PluginHost.use((host) => host.heirs(this.plugin))
  }

  private startersOf(row: ProcessRow): ReadonlySet<SessionId> {
    return this.starters.get(keyOf(row)) ?? new Set()
  }

  private get look(): Effect.Effect<ReadonlyArray<ProcessRow>, never, PluginHost> {
    return Effect.gen({ self: this }, function*() {
      const heirs = yield* this.heirs
      const rows = heirs === undefined ? [] : yield* heirs.now
      const living = new Set(this.live)
      this.starters = new Map(rows.map((row) => [keyOf(row), this.starters.get(keyOf(row)) ?? living]))
      return rows
    })
  }
}
