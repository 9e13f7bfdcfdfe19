/**
 * The log as `<scopeDir>/logs/events.jsonl`, one object a line; at 50 MB it becomes `events.jsonl.1`, and the one before that
 * goes. Written in batches by one fiber: appending never waits for the disk. What could not be kept (a burst, a full disk)
 * is counted, and a record says so as soon as one can be written again.
 */
import { Effect, Latch, Layer, Semaphore } from "effect"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { LogBackendFailed } from "../schemas/errors/LogErrors.ts"
import type { LogEntry, LogQuery } from "../schemas/Log.ts"
import { LogBackend } from "../src/log/LogBackend.ts"
import { LogBuffer } from "../src/log/LogBuffer.ts"
import { PageCollector } from "../src/log/LogFilter.ts"
import { decodeLine, encodeLine } from "../src/log/LogLine.ts"
import { makeStamp } from "../src/log/LogStamp.ts"
import { Notifications } from "../src/notify/Notifications.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { tailOf } from "./LogTail.ts"
import { reverseLines } from "./ReverseLines.ts"

export interface JsonlOptions {
  /** Bytes after which the file is rotated. */
  readonly rotateAt?: number
  /** Records that may wait for the disk. */
  readonly capacity?: number
}

const MEGABYTE = 1_000_000

const readPage = Effect.fnUntraced(function*(path: string, query: LogQuery) {
  const collect = async () => {
    const collector = new PageCollector(query)
    for (const file of [path, `${path}.1`]) {
      for await (const line of reverseLines(file)) {
        const entry = decodeLine(line)
        if (entry !== undefined && !collector.add(entry)) return collector.page()
      }
    }
    return collector.page()
  }
  return yield* Effect.tryPromise({
    try: collect,
    catch: (cause) => new LogBackendFailed({ path, detail: cause instanceof Error ? cause.message : String(cause) })
  })
})

const pathOf = (scopeDir: string) => Path.join(scopeDir, "logs", "events.jsonl")

/** The log of a project as it lies there, for looking while no daemon runs. */
export const queryIn = (scopeDir: string, query: LogQuery) => readPage(pathOf(scopeDir), query)

/**
 * Writes whole batches, one open file a batch: nothing is held that a rotation or a removed folder could strand. What a crash or
 * a full disk left unfinished gets its newline first, so that it spoils no other line.
 */
class BatchWriter {
  readonly #path: string
  readonly #rotateAt: number
  #whole = false

  constructor(path: string, rotateAt: number) {
    this.#path = path
    this.#rotateAt = rotateAt
  }

  async append(text: string): Promise<void> {
    await Fs.mkdir(Path.dirname(this.#path), { recursive: true, mode: 0o700 })
    const size = await Fs.stat(this.#path).then((stat) => stat.size, () => 0)
    const rotates = size > 0 && size + Buffer.byteLength(text) > this.#rotateAt
    if (rotates) await Fs.rename(this.#path, `${this.#path}.1`)
    const whole = this.#whole || size === 0 || rotates
    this.#whole = false
    await Fs.appendFile(this.#path, whole ? text : `\n${text}`, { mode: 0o600 })
    this.#whole = true
  }
}

export const layerWith = ({ capacity = 8192, rotateAt = 50 * MEGABYTE }: JsonlOptions) =>
  Layer.effect(
    LogBackend,
    Effect.gen(function*() {
      const notifications = yield* Notifications
      const path = pathOf((yield* ProjectScope).scopeDir)
      const stamp = yield* makeStamp
      const buffer = new LogBuffer(capacity)
      const writer = new BatchWriter(path, rotateAt)
      const arrived = yield* Latch.make()
      const writing = yield* Semaphore.make(1)

      const write = (entries: ReadonlyArray<LogEntry>) =>
        Effect.tryPromise(() => writer.append(`${entries.map(encodeLine).join("\n")}\n`))

      const flush = writing.withPermits(1)(Effect.uninterruptible(Effect.gen(function*() {
        if (buffer.isEmpty) return
        const { entries, lost } = buffer.take()
        const report = lost === 0 ? [] : [yield* stamp(lossReport(lost))]
        const batch = [...entries, ...report]
        yield* Effect.catch(write(batch), () => Effect.sync(() => buffer.lose(entries.length + lost)))
        yield* notifications.publish("log", batch)
      })))

      yield* Effect.addFinalizer(() => flush)
      const writeOnArrival = Effect.andThen(arrived.await, Effect.andThen(arrived.close, flush))
      yield* Effect.forkScoped(Effect.forever(writeOnArrival))

      return LogBackend.of({
        append: (entry) =>
          Effect.map(stamp(entry), (stamped) => {
            buffer.offer(stamped)
            arrived.openUnsafe()
          }),
        query: (query) => Effect.andThen(flush, readPage(path, query)),
        tail: tailOf(notifications)
      })
    })
  )

const lossReport = (lost: number) => ({
  level: "warn" as const,
  source: "daemon" as const,
  target: "log",
  message: `${lost === 1 ? "1 record" : `${lost} records`} could not be kept before this one`
})

/** The daemon's. */
export const layer = layerWith({})
