/** What must be true when the demo is over, looked at from outside: the journal, the agent's own ledger, the tests, the processes. */
import { Effect, FileSystem, Schema } from "effect"
import { DemoFailed } from "../../../schemas/errors/DaemonErrors.ts"
import type { JournalEntry } from "../../../schemas/RunEvent.ts"
import { type DemoFolder, exec } from "./DemoShell.ts"

const LedgerLine = Schema.fromJsonString(Schema.Struct({
  event: Schema.Literals(["began", "ended"]),
  run: Schema.String,
  phase: Schema.String,
  attempt: Schema.Int
}))

const key = ({ attempt, phase }: { readonly phase: string; readonly attempt: number }) => `${phase} attempt ${attempt}`

const repeated = (keys: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(keys.filter((one, index) => keys.indexOf(one) !== index))
]

const refuse = (detail: string) => Effect.fail(new DemoFailed({ detail }))

/** At most one completion per (phase, attempt), and the crash is in the journal. */
export const checkJournal = Effect.fnUntraced(function*(entries: ReadonlyArray<JournalEntry>, crashed: boolean) {
  const completed = entries.flatMap(({ event }) => event._tag === "PhaseCompleted" ? [key(event)] : [])
  const twice = repeated(completed)
  if (twice.length > 0) return yield* refuse(`the journal completes ${twice.join(", ")} twice`)
  const recovered = entries.some(({ event }) => event._tag === "RecoveryDecided")
  if (crashed && !recovered) return yield* refuse("the daemon was killed, and no recovery is in the journal")
  return completed
})

/** The agent counts for itself how often it was asked, and how often it came to an end. */
export const checkLedger = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(path)
  const lines = yield* Effect.forEach(text.trim().split("\n"), (line) => Schema.decodeUnknownEffect(LedgerLine)(line))
  const ended = lines.filter(({ event }) => event === "ended").map(key)
  const twice = repeated(ended)
  if (twice.length > 0) return yield* refuse(`the agent finished ${twice.join(", ")} twice`)
  return { began: lines.length - ended.length, ended: ended.length }
}, Effect.mapError((cause) => cause instanceof DemoFailed ? cause : new DemoFailed({ detail: cause.message })))

/** The scratch repository's own tests have the last word. */
export const checkTests = Effect.fnUntraced(function*(folder: DemoFolder) {
  const { exitCode, stderr, stdout } = yield* exec(folder, "node", ["test/stats.test.js"])
  if (exitCode !== 0) return yield* refuse(`the program's own tests still fail:\n${stdout}${stderr}`)
  return stdout.trim()
})
