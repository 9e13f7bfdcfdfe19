/**
 * The queue in `<scopeDir>/queue/journal.jsonl`: one sealed line an event, on the disk before a caller hears of it. Read
 * and written anew, as one line, at each start, so that it never grows with the age of the project.
 */
import { Effect, Layer, Result, Schema } from "effect"
import * as Path from "node:path"
import { QueueDamaged, SessionStoreFailed } from "../schemas/errors/RunErrors.ts"
import { DispatchQueue } from "../src/schedule/DispatchQueue.ts"
import { apply, empty, QueueEvent, snapshot } from "../src/schedule/QueueState.ts"
import { replaceFile, settleFolder } from "./DurableFile.ts"
import { openJournal, readJournal } from "./JournalFile.ts"
import { seal } from "./JournalLines.ts"
import { stateFolder } from "./StateFolder.ts"

const Line = Schema.fromJsonString(QueueEvent)
const decode = Schema.decodeUnknownResult(Line)
const encode = Schema.encodeSync(Line)

/** A damaged journal is told as what it is: no run's. */
const ofTheQueue = ({ reason }: SessionStoreFailed) =>
  new SessionStoreFailed({
    reason: reason._tag === "StoreDamaged"
      ? new QueueDamaged({ path: reason.path, line: reason.line, detail: reason.detail })
      : reason
  })

const replay = Effect.fnUntraced(function*(path: string, lines: ReadonlyArray<string>) {
  let state = empty
  for (const [index, line] of lines.entries()) {
    const event = decode(line)
    if (Result.isFailure(event)) {
      const detail = `not an event of the queue: ${event.failure.message}`
      return yield* new SessionStoreFailed({ reason: new QueueDamaged({ path, line: index + 1, detail }) })
    }
    state = apply(state, event.success)
  }
  return state
})

export const layer = Layer.effect(
  DispatchQueue,
  Effect.gen(function*() {
    const folder = yield* stateFolder("queue")
    const path = Path.join(folder, "journal.jsonl")
    // The last start may have died after it gave the file its name.
    yield* settleFolder(folder)
    const known = yield* Effect.mapError(readJournal(path), ofTheQueue)
    const state = yield* replay(path, known?.lines ?? [])
    if ((known?.lines.length ?? 0) > 1) yield* replaceFile(path, seal(encode(snapshot(state))))
    const { journal } = yield* openJournal(path)
    return yield* DispatchQueue.make({ initial: state, append: (event) => journal.append([encode(event)]) })
  })
)
