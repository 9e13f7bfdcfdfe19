/** A run as an operator reads it: what `workflow/get` carries as its detail, and the command to type next. Pure. */
import type { PhaseRow, RunDetail } from "../../schemas/control/RunDetail.ts"
import type { RunState } from "./RunState.ts"
import type { RunTrouble } from "./RunTrouble.ts"

export interface RunPlace {
  /** The folder of the run's files, as its store names it. */
  readonly location?: string | undefined
  /** Why the run stands still although it ought not to. */
  readonly trouble?: RunTrouble | undefined
}

export const runDetail = (state: RunState, { location, trouble }: RunPlace = {}): RunDetail => {
  const { definition, definitionHash, dispatch, head, position, recoveries, reworks, subject } = state
  const gate = position._tag === "AtGate" ? position.gate : undefined
  return {
    run: head.run,
    workflow: definition.id,
    state: head.status,
    reason: trouble?.detail ?? head.reason ?? null,
    next: trouble === undefined ? nextStep(state) : outOf(state, trouble, location),
    subject: { id: subject?.id ?? dispatch.subject.id, title: subject?.title ?? dispatch.subject.title ?? null },
    phase: head.phase ?? null,
    attempt: head.attempt ?? null,
    phases: rowsOf(state),
    reworks,
    gate: gate === undefined
      ? null
      : { phase: gate.phase, instructions: gate.instructions, note_required: gate.noteRequired },
    recovery: recoveries,
    definition_hash: definitionHash,
    location: location ?? null
  }
}

const rowsOf = ({ definition, phases }: RunState): ReadonlyArray<PhaseRow> =>
  phases.map((phase, at) => ({
    phase: phase.id,
    mode: definition.phases[at]?.mode ?? "agent",
    status: phase.status,
    attempts: phase.attempt,
    verdict: phase.decision?.verdict ?? null,
    reason: phase.decision?.reason ?? null,
    confidence: phase.decision?.confidence ?? null,
    risk: phase.decision?.risk ?? null,
    duration_ms: phase.duration_ms ?? null,
    started_at: phase.started_at ?? null,
    finished_at: phase.finished_at ?? null,
    error: phase.error ?? null
  }))

/** Where there is no room: the command that shows the disk. A run that was stopped is taken up again by resuming it. */
const outOf = ({ head: { run } }: RunState, { full, waits }: RunTrouble, location: string | undefined): string => {
  if (!waits) return `animus workflow resume ${run}`
  return full && location !== undefined ? `df -h ${shellWord(location)}` : "animus daemon health"
}

const shellWord = (text: string) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`

/** The exact command that moves the run on, or where to look. */
export const nextStep = ({ head: { run, status }, position }: RunState): string => {
  switch (status) {
    case "running":
      return `animus workflow watch ${run}`
    case "waiting": {
      const gate = position._tag === "AtGate" ? position.gate : undefined
      const note = gate?.noteRequired === true ? " --note TEXT" : ""
      return gate === undefined
        ? `animus workflow get ${run}`
        : `animus workflow approve ${run} ${gate.phase}${note}`
    }
    case "paused":
      return `animus workflow resume ${run}`
    case "blocked":
      return `animus workflow resume ${run} --force`
    case "escalated":
      return `animus workflow resume ${run} --feedback TEXT`
    case "completed":
    case "failed":
    case "cancelled":
      return `animus workflow journal ${run}`
  }
}
