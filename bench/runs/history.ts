/** Histories to measure with: written as the file store writes them, by its own code, but without a sync for each event. */
import { Effect } from "effect"
import * as Fs from "node:fs"
import { seal } from "../../layers/JournalLines.ts"
import { runFolder } from "../../layers/RunFolder.ts"
import { encodeIndexLine } from "../../layers/RunIndexFile.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { JournalEntry, RunEvent, RunHead } from "../../schemas/RunEvent.ts"
import type { WorkflowDefinition } from "../../schemas/Workflow.ts"
import { encodeEntry, encodeRow } from "../../src/session/JournalCodec.ts"
import { advanceHead } from "../../src/session/RunHead.ts"

const common = { idempotency: "idempotent", max_rework_attempts: 3, skip_if: [], on_verdict: {} } as const

export const agentPhase = (id: string): WorkflowDefinition["phases"][number] => ({
  ...common,
  mode: "agent",
  id,
  agent: "coder",
  tool: "memory",
  directive: "Mend what the task says, add a test that fails without it, and say in one line what was wrong.",
  timeout_secs: 600,
  max_attempts: 1
})

/** What most events are like. */
export const phaseStarted: RunEvent = {
  _tag: "PhaseStarted",
  phase: "implement",
  attempt: 1,
  nonce: "0123456789abcdef0123456789abcdef"
}

const definition: WorkflowDefinition = {
  id: "standard",
  name: "standard",
  variables: [],
  phases: [
    agentPhase("implement"),
    { ...common, mode: "manual", id: "review", instructions: "Look at it.", approval_note_required: false },
    agentPhase("deploy")
  ]
}

/** Two kilobytes, as an agent's last words are. */
const answer = "The total left out the last line; it is counted now, and a test says so. ".repeat(28)

const implemented: ReadonlyArray<RunEvent> = [
  {
    _tag: "RunStarted",
    definition,
    definition_hash: "0".repeat(64),
    dispatch: {
      subject: { kind: "task", id: "task:TASK-001", title: "Totals are wrong", labels: [], metadata: {} },
      workflow_ref: "standard",
      vars: {},
      trigger_source: "operator",
      requested_at: "2026-01-01T00:00:00.000Z"
    },
    vars: {}
  },
  { _tag: "PhaseStarted", phase: "implement", attempt: 1, nonce: "0123456789abcdef0123456789abcdef" },
  {
    _tag: "PhaseCompleted",
    phase: "implement",
    attempt: 1,
    decision: {
      verdict: "advance",
      confidence: 0.9,
      risk: "low",
      reason: "done",
      guardrail_violations: [],
      evidence: [],
      source: "agent"
    },
    output: answer,
    duration_ms: 1000
  }
]

/** At the gate, for as long as nobody answers. */
export const waiting: ReadonlyArray<RunEvent> = [
  ...implemented,
  { _tag: "GateOpened", phase: "review", attempt: 1, instructions: "Look at it.", note_required: false }
]

const finished: ReadonlyArray<RunEvent> = [...implemented, { _tag: "RunCompleted", reason: "done" }]

const idOf = (index: number): RunId => RunId.make(`run-${String(index).padStart(6, "0")}`)

const AT = "2026-01-01T00:00:00.000Z"
const entriesOf = (events: ReadonlyArray<RunEvent>) =>
  events.map((event, index): JournalEntry => ({ sequence: index + 1, at: AT, event }))

const headOf = (entries: ReadonlyArray<JournalEntry>): RunHead => {
  const head = entries.reduce<RunHead | undefined>((head, entry) => advanceHead(head, idOf(0), entry), undefined)
  if (head === undefined) throw new Error("a run has at least one event")
  return head
}

/** Runs number `from` to `to`, each with a journal of its own. */
export const writeRuns = (scopeDir: string, [from, to]: readonly [number, number], events: ReadonlyArray<RunEvent>) =>
  Effect.sync(() => {
    const folder = runFolder(scopeDir)
    const journal = entriesOf(events).map((entry) => seal(encodeEntry(entry).line)).join("")
    for (let index = from; index < to; index++) {
      const run = idOf(index)
      Fs.mkdirSync(folder.of(run), { recursive: true, mode: 0o700 })
      Fs.writeFileSync(folder.journal(run), journal, { mode: 0o600 })
    }
  })

/** No file system of ours lets a file have more names than this. */
const NAMES = 30_000

/** The same of runs that are over, in the index too. One journal has all their names, since nobody will write to it again. */
export const writeFinished = (scopeDir: string, [from, to]: readonly [number, number]) =>
  Effect.sync(() => {
    const folder = runFolder(scopeDir)
    const entries = entriesOf(finished)
    const journal = entries.map((entry) => seal(encodeEntry(entry).line)).join("")
    const size = Buffer.byteLength(journal)
    const index: Array<string> = []
    const head = headOf(entries)
    let source = ""
    Fs.mkdirSync(folder.root, { recursive: true, mode: 0o700 })
    for (let at = from; at < to; at++) {
      const run = idOf(at)
      Fs.mkdirSync(folder.of(run), { mode: 0o700 })
      if ((at - from) % NAMES === 0) {
        source = folder.journal(run)
        Fs.writeFileSync(source, journal, { mode: 0o600 })
      } else Fs.linkSync(source, folder.journal(run))
      index.push(seal(encodeIndexLine({ run, size, row: encodeRow({ ...head, run }) })))
    }
    Fs.appendFileSync(folder.index, index.join(""), { mode: 0o600 })
  })
