/**
 * A decision is read from the final text of an attempt only, and counts only with the nonce that this attempt's prompt
 * gave: what an issue, a file or a tool said can never pass a gate. Pure.
 */
import { Schema } from "effect"
import { type PhaseDecision, Risk, Verdict } from "../../schemas/Workflow.ts"

type Fields = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const isVerdict = Schema.is(Verdict)
const isRisk = Schema.is(Risk)
const isJson = Schema.is(Schema.Json)
const isString = (value: unknown): value is string => typeof value === "string"

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** `{phase_decision: {…}}`, `{decision: {…}}`, or the object itself when its `kind` is absent or `phase_decision`. */
const unwrap = (value: unknown): Fields | undefined => {
  if (!isObject(value)) return undefined
  const inner = value["phase_decision"] ?? value["decision"]
  if (isObject(inner)) return inner
  const kind = value["kind"]
  return kind === undefined || kind === "phase_decision" ? value : undefined
}

const words = (value: unknown) => Array.isArray(value) ? value.filter(isString) : []

const confidenceOf = (value: unknown): number => {
  const number = typeof value === "string" ? Number(value) : value
  return typeof number === "number" && Number.isFinite(number) ? Math.min(1, Math.max(0, number)) : 0
}

const normalised = (value: unknown) => isString(value) ? value.trim().toLowerCase() : undefined

/** Nothing when the verdict is none of the four: a word nobody knows decides nothing. */
const decisionOf = (fields: Fields, source: PhaseDecision["source"]): PhaseDecision | undefined => {
  const verdict = normalised(fields["verdict"])
  const risk = normalised(fields["risk"])
  if (!isVerdict(verdict)) return undefined
  const { commit_message, evidence, reason, target_phase } = fields
  return {
    verdict,
    confidence: confidenceOf(fields["confidence"]),
    risk: isRisk(risk) ? risk : "medium",
    reason: isString(reason) ? reason : "",
    guardrail_violations: words(fields["guardrail_violations"]),
    evidence: Array.isArray(evidence) ? evidence.filter(isJson) : [],
    ...(isString(target_phase) && target_phase !== "" ? { target_phase } : {}),
    ...(isString(commit_message) ? { commit_message } : {}),
    source
  }
}

const candidates = (text: string): ReadonlyArray<Fields> =>
  text.split("\n").flatMap((line) => {
    const trimmed = line.trim()
    const fields = trimmed.startsWith("{") && trimmed.endsWith("}") ? unwrap(parse(trimmed)) : undefined
    return fields === undefined ? [] : [fields]
  })

/** The last line of the final text that is a decision and carries this attempt's nonce, with all that it says. */
export const readDecisionFields = (finalText: string, nonce: string): Fields | undefined =>
  candidates(finalText).findLast((fields) => fields["nonce"] === nonce && decisionOf(fields, "agent") !== undefined)

export const readDecision = (finalText: string, nonce: string): PhaseDecision | undefined => {
  const fields = readDecisionFields(finalText, nonce)
  return fields && decisionOf(fields, "agent")
}

/** An agent that finished and did not say otherwise. */
export const byDefault = (reason: string): PhaseDecision => ({
  verdict: "advance",
  confidence: 1,
  risk: "low",
  reason,
  guardrail_violations: [],
  evidence: [],
  source: "default"
})

const severity: { readonly [K in Verdict]: number } = { advance: 0, skip: 0, rework: 1, fail: 2 }
const riskRank: { readonly [K in Risk]: number } = { low: 0, medium: 1, high: 2 }

/** What a command's output says of itself can only make its outcome worse: never better, never a skip, never another target. */
export const worsen = (derived: PhaseDecision, output: string): PhaseDecision => {
  const stated = candidates(output).map((fields) => decisionOf(fields, "command")).find((decision) =>
    decision !== undefined
  )
  if (stated === undefined || severity[stated.verdict] < severity[derived.verdict]) return derived
  return {
    ...derived,
    verdict: severity[stated.verdict] > severity[derived.verdict] ? stated.verdict : derived.verdict,
    confidence: Math.min(stated.confidence, derived.confidence),
    risk: riskRank[stated.risk] > riskRank[derived.risk] ? stated.risk : derived.risk,
    reason: stated.reason === "" ? derived.reason : stated.reason,
    guardrail_violations: [...derived.guardrail_violations, ...stated.guardrail_violations],
    evidence: [...derived.evidence, ...stated.evidence]
  }
}
