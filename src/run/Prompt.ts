/** What an agent is told for one attempt: everything it needs stands here, it gets the prompt and the files and no more. Pure. */
import type { JsonObject } from "../../schemas/Json.ts"
import type { AgentPhase, DecisionContract, OutputContract } from "../../schemas/Workflow.ts"
import type { InFlight } from "./Position.ts"
import type { PhaseState, RunState } from "./RunState.ts"
import { fillIn, type Place, templateValues } from "./Template.ts"

/** Characters of earlier results; the newest are kept. */
const RESULTS_LIMIT = 8000

export const buildPrompt = (state: RunState, phase: AgentPhase, attempt: InFlight, place: Place): string =>
  [
    header(state, attempt),
    section("Task", fillIn(phase.directive ?? `Carry out the phase "${phase.id}".`, templateValues(state, place))),
    subjectOf(state),
    section("Dispatch input", state.dispatch.input === undefined ? "" : JSON.stringify(state.dispatch.input, null, 2)),
    section("Where the run stands", pipelineOf(state)),
    section("Results of earlier phases", resultsOf(state, phase.id)),
    section("Failure context", attempt.failureContext ?? ""),
    section("Result", resultDuty(phase.output)),
    closing(phase, attempt.nonce)
  ].filter((part) => part !== "").join("\n\n")

const section = (title: string, body: string) => body.trim() === "" ? "" : `## ${title}\n${body.trim()}`

const header = ({ definition, head }: RunState, { attempt, phase }: InFlight) =>
  `Run: ${head.run}\nWorkflow: ${definition.name}\nPhase: ${phase}\nAttempt: ${attempt}`

const subjectOf = ({ dispatch, subject }: RunState) => {
  const { description, id, title } = subject ?? dispatch.subject
  return section("Subject", `${title ?? id} (${id})\n\n${description ?? ""}`)
}

const pipelineOf = ({ phases }: RunState) =>
  phases.map(({ attempt, id, status }) => `- ${id}: ${status}${attempt === 0 ? "" : `, attempt ${attempt}`}`).join("\n")

/** Oldest first, as they happened, but filled from the newest backwards until the room is used up. */
const resultsOf = (state: RunState, current: string): string => {
  const finished = state.phases
    .filter(({ id, output }) => id !== current && (output ?? "").trim() !== "")
    .toSorted((left, right) => (left.finished_at ?? "").localeCompare(right.finished_at ?? ""))
  let room = RESULTS_LIMIT
  const kept: Array<string> = []
  for (const phase of finished.toReversed()) {
    const text = resultOf(phase)
    if (text.length > room) {
      if (room > 100) kept.unshift(`…${text.slice(text.length - room + 1)}`)
      break
    }
    kept.unshift(text)
    room -= text.length + 2
  }
  return kept.join("\n\n")
}

/** Without the line that decided it: a nonce that is not this attempt's would only lead an agent astray. */
const resultOf = ({ attempt, decision, id, output }: PhaseState) => {
  const said = (output ?? "").split("\n").filter((line) => !line.includes(`"nonce"`)).join("\n").trim()
  const verdict = decision === undefined ? "no verdict" : `${decision.verdict}: ${decision.reason}`
  return `### ${id} (attempt ${attempt}, ${verdict})\n${said}`
}

/** The form is not valid JSON as it stands, so an agent that repeats its prompt has decided nothing. */
const closing = ({ decision_contract: contract, requires_commit }: AgentPhase, nonce: string) => {
  const duty = contract === undefined || contract.allow_missing_decision
    ? "When you are done, you may state your decision; without one, finishing counts as advance."
    : "When you are done, you must state your decision; without one the attempt fails."
  return [
    "## Decision",
    duty,
    ...expectations(contract),
    ...(requires_commit === true
      ? ["What you leave uncommitted is committed for you; \"commit_message\" in the decision says with which words."]
      : []),
    "The decision is the very last line of your answer, one line of JSON, in this form and with this nonce:",
    `{"phase_decision": {"nonce": "${nonce}", "verdict": <"advance" | "rework" | "fail" | "skip">, ` +
    `"confidence": <0 to 1>, "risk": <"low" | "medium" | "high">, "reason": <text>}}`
  ].join("\n")
}

/** What an answer has to hold beside its decision; one that does not is an attempt that failed. */
const resultDuty = (output: OutputContract | undefined) =>
  output === undefined ? "" : [
    "Your answer must hold one JSON object as its result, on a line of its own before the decision" +
    `${
      output.kind === undefined ? "" : `, with "kind": ${JSON.stringify(output.kind)}`
    }; without it the attempt fails.`,
    ...schemaLines("It has to be valid by", output.json_schemas)
  ].join("\n")

const schemaLines = (words: string, schemas: ReadonlyArray<JsonObject>) =>
  schemas.map((schema) => `${words} this JSON Schema: ${JSON.stringify(schema)}`)

const expectations = (contract: DecisionContract | undefined) =>
  contract === undefined ? [] : [
    `It has to have a confidence of at least ${contract.min_confidence} and a risk of at most ${contract.max_risk}.`,
    ...(contract.required_evidence.length === 0
      ? []
      : [`It has to carry "evidence": [{"kind": …}] with: ${contract.required_evidence.join(", ")}.`]),
    ...schemaLines("With all that it carries it has to be valid by", contract.extra_json_schemas ?? [])
  ]
