/**
 * Ends what a killed daemon of this scope left running, before anything new is started. To be called with the scope's lock
 * held: whoever carries our cookie now belongs to a daemon that is gone.
 */
import { Effect } from "effect"
import { pid as ownPid } from "node:process"
import { HostEnvironment } from "../src/project/HostEnvironment.ts"
import { type ProcessRow, ProcessTable } from "../src/project/ProcessTable.ts"

const POLL = "50 millis"
const POLITE_POLLS = 20

/** The rows that were ended. */
export const sweep = Effect.gen(function*() {
  const { cookie } = yield* HostEnvironment
  const processes = yield* ProcessTable
  const left = Effect.map(processes.carrying(cookie), (rows) => rows.filter(({ pid }) => pid !== ownPid))
  const send = (rows: ReadonlyArray<ProcessRow>, signal: "SIGTERM" | "SIGKILL") =>
    Effect.forEach(rows, (row) => processes.end(row, signal), { discard: true })

  const orphans = yield* left
  yield* send(orphans, "SIGTERM")
  for (let polls = 0; polls < POLITE_POLLS && (yield* left).length > 0; polls++) yield* Effect.sleep(POLL)
  yield* send(yield* left, "SIGKILL")
  return orphans
}).pipe(Effect.withSpan("OrphanSweep.sweep"))
