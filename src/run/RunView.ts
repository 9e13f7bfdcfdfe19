/** A run as an operator reads it: what `workflow/get` carries as its detail, and the command to type next. Pure. */
import type { PhaseRow, RunDetail } from "../../schemas/control/RunDetail.ts"
import type { RunState } from "./RunState.ts"
import type { RunTrouble } from "./RunTrouble.ts"
import { shellWord } from "./ShellWord.ts"

export interface RunPlace {
  /** The folder of the run's files, as its store names it. */
  readonly location?: string | undefined
  /** Why the run stands still although it ought not to. */
  readonly trouble?: RunTrouble | undefined
}

export const runDetail = (state: RunState, { location, trouble }: RunPlace = {}): RunDetail => {
  const { definition, definitionHash, dispatch, head, position, recoveries, reworks, subject } = state
  const waits = trouble?.detail ?? waitsFor(state)
  const gate = position._tag === "AtGate" ? position.gate : undefined
  return {
    run: head.run,
    workflow: definition.id,
    state: head.status,
    reason: trouble?.detail ?? head.reason ?? null,
    ...(waits === undefined ? {} : { waits_for: waits }),
    next: trouble === undefined ? nextStep(state) : outOf(state, trouble, location),
    subject: { id: subject?.id ?? dispatch.subject.id, title: subject?.title ?? dispatch.subject.title ?? null },
    phase: head.phase ?? null,
    attempt: head.attempt ?? null,
    phases: rowsOf(state),
    reworks,
    gate: gate === undefined
      ? null
      : { phase: gate.phase, instructions: gate.instructions, note_required: gate.noteRequired },
    questions: (state.interactions ?? []).map(({ expiresAt, interaction, kind, phase, session, summary }) => ({
      interaction,
      session,
      phase,
      kind,
      summary,
      ...(expiresAt === undefined ? {} : { expires_at: expiresAt })
    })),
    ...(state.runner === undefined ? {} : { runner: state.runner }),
    recovery: recoveries,
    definition_hash: definitionHash,
    location: location ?? null
  }
}

const outcomes = { resume: "resumed", rerun: "re-run", blocked: "blocked" } as const

const recoveryOf = ({ recoveries }: RunState, phase: string): Pick<PhaseRow, "recovery"> => {
  const last = recoveries.findLast((one) => one.phase === phase)
  return last === undefined ? {} : { recovery: { outcome: outcomes[last.action], reason: last.reason } }
}

const rowsOf = (state: RunState): ReadonlyArray<PhaseRow> =>
  state.phases.map((phase, at) => ({
    phase: phase.id,
    mode: state.definition.phases[at]?.mode ?? "agent",
    status: phase.status,
    attempts: phase.attempt,
    verdict: phase.decision?.verdict ?? null,
    reason: phase.decision?.reason ?? null,
    confidence: phase.decision?.confidence ?? null,
    risk: phase.decision?.risk ?? null,
    duration_ms: phase.duration_ms ?? null,
    started_at: phase.started_at ?? null,
    finished_at: phase.finished_at ?? null,
    error: phase.error ?? null,
    ...recoveryOf(state, phase.id)
  }))

/** Where there is no room: the command that shows the disk. A run that was stopped is taken up again by resuming it. */
const outOf = (state: RunState, { full, waits }: RunTrouble, location: string | undefined): string => {
  const { run } = state.head
  if (!waits) return `animus workflow resume ${run}${stoppedOver(state) === undefined ? "" : " --force"}`
  return full && location !== undefined ? `df -h ${shellWord(location)}` : "animus daemon health"
}

/** Why a run whose loop has stopped is not to be handed to its plugin once more without a person's word. */
export const stoppedOver = ({ head, position, runner }: RunState): string | undefined =>
  runner === undefined || head.status !== "running" || position._tag === "Cancelling"
    ? undefined
    : `it stopped while plugin ${runner} executed it, so it may have partly executed`

/** An attempt that had begun goes on in its session, or begins anew where that does no harm. */
const orIsBlocked = ({ phases }: RunState["definition"], position: RunState["position"]): string => {
  if (position._tag !== "Sleeping" || !position.begun) return ""
  const { phase } = position.attempt
  return phases.find(({ id }) => id === phase)?.idempotency === "idempotent"
    ? ""
    : `, or is blocked then if its provider cannot resume the session: phase "${phase}" is not marked idempotent`
}

/** What has to happen before the run goes on; undefined for one that is at work or has ended. */
const waitsFor = ({ definition, head: { phase, reason, status }, position }: RunState): string | undefined => {
  switch (status) {
    case "waiting": {
      const gate = position._tag === "AtGate" ? position.gate : undefined
      if (gate === undefined) return `an answer to its agent: ${reason}`
      const until = definition.phases.find(({ id }) => id === gate.phase)
      const limit = until?.mode === "manual" && until.timeout_secs !== undefined
        ? `; without one it is rejected ${until.timeout_secs} s after ${gate.openedAt}`
        : ""
      return `a decision at gate "${gate.phase}"${limit}`
    }
    case "sleeping": {
      const until = position._tag === "Sleeping" || position._tag === "Concluded" ? position.until ?? 0 : 0
      return `${reason}; it goes on by itself at ${new Date(until).toISOString()}${orIsBlocked(definition, position)}`
    }
    case "paused":
      return "somebody to resume it"
    case "blocked":
      return `somebody who has looked at what phase "${phase ?? "?"}" left`
    case "escalated":
      return "somebody to say how it is to go on"
    case "running":
    case "completed":
    case "failed":
    case "cancelled":
      return undefined
  }
}

/** The exact command that moves the run on, or where to look. */
export const nextStep = ({ head: { run, status }, interactions: [question] = [], position }: RunState): string => {
  const answer = question === undefined
    ? undefined
    : `animus workflow answer ${run} ${question.kind === "approval" ? "--allow" : "--answer TEXT"}`
  switch (status) {
    case "running":
      return answer ?? `animus workflow watch ${run}`
    case "waiting": {
      const gate = position._tag === "AtGate" ? position.gate : undefined
      const note = gate?.noteRequired === true ? " --note TEXT" : ""
      return gate === undefined
        ? answer ?? `animus workflow get ${run}`
        : `animus workflow approve ${run} ${gate.phase}${note}`
    }
    case "sleeping":
      return `animus workflow events ${run} --follow`
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
