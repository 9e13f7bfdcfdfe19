/** Records on their way to a backend that is slower than we are. Bounded: what is least urgent goes first, and is counted. Pure. */
import type { LogEntry } from "../../schemas/Log.ts"

const isChatter = (entry: LogEntry): boolean => entry.level === "debug" || entry.level === "trace"

export class LogBuffer {
  readonly #capacity: number
  #entries: Array<LogEntry> = []
  #lost = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  offer(entry: LogEntry): void {
    if (this.#entries.length >= this.#capacity) this.#makeRoom()
    if (this.#entries.length < this.#capacity) this.#entries.push(entry)
    else this.#lost++
  }

  /** These were taken, and could not be kept. */
  lose(count: number): void {
    this.#lost += count
  }

  take(): { readonly entries: ReadonlyArray<LogEntry>; readonly lost: number } {
    const taken = { entries: this.#entries, lost: this.#lost }
    this.#entries = []
    this.#lost = 0
    return taken
  }

  /** All chatter at once, so that a flood costs one pass; without any, the newest record is the one that is refused. */
  #makeRoom(): void {
    const urgent = this.#entries.filter((entry) => !isChatter(entry))
    this.#lost += this.#entries.length - urgent.length
    this.#entries = urgent
  }
}
