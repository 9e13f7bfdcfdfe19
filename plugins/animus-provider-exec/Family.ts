/**
 * An agent and everything it started. Members are recognised by a mark in their environment and as descendants, so that those
 * are found too that left the group or lost their parent; each is named by pid and start time, so that a stranger who got a
 * pid later is never ended.
 */
import { Clock, Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { kill } from "node:process"

interface Member {
  readonly pid: number
  readonly startTime: string
}

interface Seen extends Member {
  readonly parent: number
}

const POLL_MILLIS = 20

const readOr = (path: string): string => {
  try {
    return readFileSync(path, "latin1")
  } catch {
    // Gone between two looks, or another user's: not ours either way.
    return ""
  }
}

/** A zombie is over: nothing of it runs any more. */
const look = (pid: number): Seen | undefined => {
  const text = readOr(`/proc/${pid}/stat`)
  const [state, parent, ...rest] = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const startTime = rest[17]
  if (startTime === undefined || state === "Z" || state === "X") return undefined
  return { pid, startTime, parent: Number(parent) }
}

const everyone = (): ReadonlyArray<Seen> =>
  readdirSync("/proc").flatMap((name) => /^\d+$/.test(name) ? look(Number(name)) ?? [] : [])

const signal = (pid: number, name: "SIGTERM" | "SIGKILL") => {
  try {
    kill(pid, name)
  } catch {
    // It ended by itself meanwhile.
  }
}

export class Family {
  private readonly members = new Map<number, Member>()
  private readonly mark: string

  /** `mark` is `NAME=value` in the environment of the first of them, and of all that did not clear theirs. */
  constructor(mark: string) {
    this.mark = mark
  }

  /** SIGTERM, then SIGKILL for whoever is left after `grace`; returns when nobody is, or nobody can be ended. */
  readonly end = (grace: number): Effect.Effect<void> =>
    Effect.gen({ self: this }, function*() {
      yield* this.insist("SIGTERM", grace)
      yield* this.insist("SIGKILL", grace)
    })

  private insist(name: "SIGTERM" | "SIGKILL", millis: number): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      const told = new Set<number>()
      // By the clock: on a busy machine a look takes longer than the pause between two.
      const until = (yield* Clock.currentTimeMillis) + millis
      while (true) {
        const living = this.living()
        if (living.length === 0 || (told.size > 0 && (yield* Clock.currentTimeMillis) > until)) return
        for (const { pid } of living) {
          if (!told.has(pid)) signal(pid, name)
          told.add(pid)
        }
        yield* Effect.sleep(POLL_MILLIS)
      }
    })
  }

  private living(): ReadonlyArray<Member> {
    const all = everyone()
    for (const [pid, member] of this.members) {
      if (!all.some((seen) => seen.pid === pid && seen.startTime === member.startTime)) this.members.delete(pid)
    }
    let size = -1
    // Until a pass over all finds no further child.
    while (size !== this.members.size) {
      size = this.members.size
      for (const seen of all) if (this.claims(seen)) this.members.set(seen.pid, seen)
    }
    return [...this.members.values()]
  }

  private claims(seen: Seen): boolean {
    if (this.members.has(seen.pid) || seen.pid === process.pid) return false
    return this.members.has(seen.parent) || this.isMarked(seen.pid)
  }

  private isMarked(pid: number): boolean {
    return `\0${readOr(`/proc/${pid}/environ`)}`.includes(`\0${this.mark}\0`)
  }
}
