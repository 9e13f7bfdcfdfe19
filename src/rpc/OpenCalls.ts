/**
 * The calls that wait, by id. The last thousand ids have a place each; a call that outlives them moves to a map. Not one map
 * alone: each time a map is rebuilt V8 links the old table to the new one, so that an old table which the collector has put
 * among the long-lived keeps all the calls since, until all of the heap is collected.
 */
import type { Exit } from "effect"
import type { Json } from "../../schemas/Json.ts"
import type { RpcError } from "./RpcError.ts"

export interface Call {
  readonly id: number
  readonly method: string
  readonly millis: number
  /** The other side is told when the caller is gone. */
  readonly cancellable: boolean
  readonly resume: (exit: Exit.Exit<Json, RpcError>) => void
  /** Takes the frame back while it waits for room; false once it is on its way. */
  withdraw: (() => boolean) | undefined
  deadline: number
}

const PLACES = 1024

export class OpenCalls {
  private readonly recent = Array.from<Call | undefined>({ length: PLACES })
  private readonly lasting = new Map<number, Call>()

  add(call: Call): void {
    const place = call.id % PLACES
    const older = this.recent[place]
    if (older !== undefined) this.lasting.set(older.id, older)
    this.recent[place] = call
  }

  /** The call, which is open no longer. */
  take(id: number): Call | undefined {
    const place = id % PLACES
    const call = this.recent[place]
    if (call?.id === id) {
      this.recent[place] = undefined
      return call
    }
    const lasting = this.lasting.get(id)
    this.lasting.delete(id)
    return lasting
  }

  /** Those that are open now, the oldest first. */
  all(): ReadonlyArray<Call> {
    const recent = this.recent.filter((call) => call !== undefined)
    return [...this.lasting.values(), ...recent].toSorted((a, b) => a.id - b.id)
  }
}
