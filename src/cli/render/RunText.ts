/** Runs, for people. */
import { Option, Schema } from "effect"
import { RunDetail } from "../../../schemas/control/RunDetail.ts"
import type { WorkflowDetail, WorkflowSummary } from "../../../schemas/control/WorkflowRpcs.ts"
import type { JournalEntry } from "../../../schemas/RunEvent.ts"
import { sanitizeLine } from "../Sanitize.ts"
import { duration, fields, table } from "../Table.ts"

const decode = Schema.decodeUnknownOption(RunDetail)

export const runTable = (runs: ReadonlyArray<WorkflowSummary>): ReadonlyArray<string> =>
  runs.length === 0
    ? ["no runs yet. Start one with: animus workflow run <subject>"]
    : table(
      ["RUN", "STATE", "WORKFLOW", "SUBJECT", "STARTED"],
      runs.map((run) => [run.id, run.state ?? run.status, run.definition, run.subject_id, run.started_at])
    )

export const phaseTable = (detail: RunDetail): ReadonlyArray<string> =>
  table(
    ["PHASE", "MODE", "STATUS", "ATTEMPTS", "VERDICT", "TOOK", "REASON"],
    detail.phases.map((row) => [
      row.phase,
      row.mode,
      row.recovery === undefined ? row.status : `${row.status}, ${row.recovery.outcome}`,
      row.attempts,
      row.verdict ?? undefined,
      row.duration_ms === null ? undefined : duration(row.duration_ms),
      clip(row.error ?? row.reason ?? "")
    ])
  )

const clip = (text: string): string => {
  const line = sanitizeLine(text)
  return line.length > 72 ? `${line.slice(0, 71)}…` : line
}

/** Where a run is that somebody begins to watch: the attempts so far, oldest first; nothing of phases that were not entered. */
export const soFar = (run: WorkflowDetail): string | undefined =>
  Option.match(decode(run.detail), {
    onNone: () => undefined,
    onSome: ({ phases }) => {
      const entered = phases.filter(({ attempts }) => attempts > 0)
      const said = entered.map(({ attempts, phase, status }) => `${phase} ${status} (attempt ${attempts})`)
      return said.length === 0 ? undefined : `so far: ${said.join(", ")}`
    }
  })

/** What to type next, as the daemon sees it. */
export const nextStep = (run: WorkflowDetail): string =>
  Option.match(decode(run.detail), {
    onNone: () => `${run.id} is ${run.status}`,
    onSome: ({ next, reason, state }) =>
      `${run.id} is ${state}${reason === null ? "" : `: ${clip(reason).replace(/\.+$/, "")}`}. Next: ${
        sanitizeLine(next)
      }`
  })

export const runText = (run: WorkflowDetail): ReadonlyArray<string> =>
  Option.match(decode(run.detail), {
    onNone: () => fields([["run", run.id], ["status", run.status], ["workflow", run.definition]]),
    onSome: (detail) => [
      ...fields([
        ["run", run.id],
        ["state", detail.state],
        ["why", detail.reason ?? undefined],
        ["waits for", detail.waits_for],
        ["executed", detail.runner && `by plugin ${detail.runner}`],
        ["workflow", detail.workflow],
        ["subject", `${detail.subject.id} ${detail.subject.title ?? ""}`],
        ["started", run.started_at],
        ["finished", run.finished_at],
        ["files", detail.location ?? undefined]
      ]),
      "",
      ...phaseTable(detail),
      ...detail.recovery.map((one) =>
        sanitizeLine(`recovery: ${one.action} ${one.phase} attempt ${one.attempt}: ${one.reason}`)
      ),
      ...detail.questions.map(({ interaction, kind, summary }) => sanitizeLine(`${kind} ${interaction}: ${summary}`)),
      ...detail.gate === null ? [] : ["", sanitizeLine(`decide: ${detail.gate.instructions}`)],
      "",
      sanitizeLine(`next: ${detail.next}`)
    ]
  })

/** One fact of a journal, without what only a machine needs. */
export const journalLine = ({ at, event, sequence }: JournalEntry): string => {
  const { _tag, ...facts } = event
  const shown = Object.entries(facts).flatMap(([name, value]) =>
    typeof value === "object" || name === "output" || name === "nonce" ? [] : [`${name}=${String(value)}`]
  )
  return `${String(sequence).padStart(4)}  ${at}  ${_tag}  ${clip(shown.join(" "))}`
}
