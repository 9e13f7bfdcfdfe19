/** What happens, a line each, for people. */
import { Option, Schema } from "effect"
import type { AgentOutput } from "../../../schemas/control/AgentRpcs.ts"
import type { DaemonRunEvent, WorkflowEvent } from "../../../schemas/control/Events.ts"
import type { LogEntry } from "../../../schemas/Log.ts"
import { sanitize, sanitizeLine } from "../Sanitize.ts"
import { duration } from "../Table.ts"

const clock = (at: string): string => at.slice(11, 19)

type Payload = { readonly [key: string]: unknown }

const decodePayload = Schema.decodeUnknownOption(Schema.Record(Schema.String, Schema.Unknown))

const payloadOf = (event: WorkflowEvent): Payload => Option.getOrElse(decodePayload(event.payload), () => ({}))

const text = (value: unknown): string => typeof value === "string" || typeof value === "number" ? String(value) : ""

const attemptOf = (payload: Payload): string => `${text(payload.phase_id)} (attempt ${text(payload.phase_attempt)})`

const saidBy: { readonly [kind: string]: (payload: Payload) => string } = {
  workflow_started: (p) => `run of ${text(p.workflow)} on ${text(p.subject_id)} started`,
  phase_started: (p) => `${attemptOf(p)} started`,
  phase_completed: (p) => {
    const took = typeof p.duration_ms === "number" ? ` after ${duration(p.duration_ms)}` : ""
    const verdict = p.verdict === undefined ? "" : `, verdict ${text(p.verdict)}`
    const reason = p.reason === undefined ? "" : `: ${text(p.reason)}`
    return `${attemptOf(p)} ${text(p.phase_status)}${verdict}${took}${reason}`
  },
  phase_failed: (p) => `${attemptOf(p)} failed: ${text(p.error)}`,
  phase_skipped: (p) => `${text(p.phase_id)} skipped: ${text(p.guard)}`,
  gate_decided: (p) => {
    const to = p.to === undefined ? "" : `, back to ${text(p.to)}`
    const note = p.note === undefined ? "" : `: ${text(p.note)}`
    return `${attemptOf(p)} was ${p.approved === true ? "approved" : "rejected"}${to}${note}`
  },
  recovery_decided: (p) => `${attemptOf(p)} recovered, ${text(p.action)}: ${text(p.reason)}`,
  interaction_requested: (p) => `${attemptOf(p)} asks: ${text(p.summary)}`,
  interaction_answered: (p) => `${attemptOf(p)} got an answer to question ${text(p.interaction_id)}`,
  interaction_withdrawn: (p) => `${attemptOf(p)} asks no more (question ${text(p.interaction_id)}): ${text(p.reason)}`,
  workflow_resumed: () => "run goes on",
  workflow_retried: (p) => `run is taken into ${text(p.phase_id)} again`,
  cancel_requested: (p) => `run is being cancelled: ${text(p.reason)}`,
  synced: () => "up to date; what follows happens now",
  decision_needed: (p) => `${attemptOf(p)} waits for your decision: ${text(p.instructions)}`,
  workflow_paused: (p) => `run is ${text(p.state)}: ${text(p.reason)}`,
  workflow_completed: () => "run completed",
  workflow_failed: (p) => `run ${text(p.final_status)}: ${text(p.reason)}`,
  workflow_cancelled: (p) => `run cancelled: ${text(p.reason)}`
}

export const eventLine = (event: WorkflowEvent): string => {
  const said = saidBy[event.kind]?.(payloadOf(event)) ?? `${event.kind} ${JSON.stringify(event.payload)}`
  return `${clock(event.occurred_at)}  ${event.workflow_id}  ${sanitizeLine(said)}`
}

export const outputLines = (output: AgentOutput): string =>
  sanitize(output.text).trimEnd().split("\n").map((line) => `  ${output.phase_id} | ${line}`).join("\n")

export const logLine = (entry: LogEntry): string => {
  const teller = entry.told_by === undefined ? "" : ` (as plugin ${entry.told_by} tells it)`
  const who = `${entry.source_name ?? entry.target}${teller}`
  return `${clock(entry.ts)}  ${entry.level.padEnd(5)}  ${sanitizeLine(who)}  ${sanitizeLine(entry.message)}`
}

export const daemonEventLine = ({ kind, occurred_at, payload }: DaemonRunEvent): string =>
  sanitizeLine(`${clock(occurred_at)}  ${kind}  ${payload === null ? "" : JSON.stringify(payload)}`.trimEnd())
