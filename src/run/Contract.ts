/**
 * Whether the final text of an attempt is what its contracts ask for (workflow language, agent phases). A breach means that
 * the attempt could not be carried out, whatever it decided. Pure.
 */
import { Result } from "effect"
import { isJsonObject, type JsonObject } from "../../schemas/Json.ts"
import type { AgentPhase, DecisionContract, OutputContract } from "../../schemas/Workflow.ts"
import { judgeOf } from "../workflow/JsonSchemas.ts"
import { readDecisionFields } from "./Decision.ts"

/** Objects that are tried at most, from the end: an answer holds one that counts. */
const TRIED = 64

const parse = (text: string): JsonObject | undefined => {
  const value = Result.getOrUndefined(Result.try((): unknown => JSON.parse(text)))
  return isJsonObject(value) ? value : undefined
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Every pair of braces that belong together, inner ones before those around them. In one pass, whatever the text. */
const spansOf = (text: string): ReadonlyArray<Span> => {
  const open: Array<number> = []
  const spans: Array<Span> = []
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (quoted) {
      if (character === "\\") at++
      else if (character === "\"" || character === "\n") quoted = false
    } else if (character === "{") open.push(at)
    else if (character === "\"") quoted = open.length > 0
    else if (character === "}") {
      const start = open.pop()
      if (start !== undefined) spans.push({ start, end: at + 1 })
    }
  }
  return spans
}

const within = (span: Span, other: Span) => other.start <= span.start && span.end <= other.end

/** Of the last objects in the text, last first; what is part of another is not one of its own. */
const objectsOf = (text: string): ReadonlyArray<JsonObject> => {
  const found: Array<Span> = []
  const objects: Array<JsonObject> = []
  for (const span of spansOf(text).slice(-TRIED).toReversed()) {
    if (found.some((other) => within(span, other))) continue
    const object = parse(text.slice(span.start, span.end))
    if (object === undefined) continue
    found.push(span)
    objects.push(object)
  }
  return objects
}

const isDecision = (object: JsonObject) =>
  "phase_decision" in object || "decision" in object || ("verdict" in object && "nonce" in object)

/** The last object of the kind that is asked for; without a kind, the last that is no decision. */
export const readPayload = ({ kind }: OutputContract, finalText: string): JsonObject | undefined =>
  objectsOf(finalText).find((object) => kind === undefined ? !isDecision(object) : object["kind"] === kind)

/** The first thing that is wrong. A schema that cannot be read was pinned by a release that could, and is not passed over. */
const judged = (schemas: ReadonlyArray<JsonObject>, value: unknown): string | undefined => {
  for (const schema of schemas) {
    const wrong = Result.match(judgeOf(schema), { onFailure: (reason) => reason, onSuccess: (judge) => judge(value) })
    if (wrong !== undefined) return wrong
  }
  return undefined
}

/** What is wrong with the result in the final text; nothing when it is what the contract asks for, or none is. */
export const checkOutput = (
  { output }: { readonly output?: OutputContract },
  finalText: string
): string | undefined => {
  if (output === undefined) return undefined
  const payload = readPayload(output, finalText)
  const what = output.kind === undefined ? "result" : `result of kind "${output.kind}"`
  if (payload === undefined) return `the answer holds no ${what}, and its contract demands one`
  const wrong = judged(output.json_schemas, payload)
  return wrong === undefined ? undefined : `the ${what} is not what its contract demands: ${wrong}`
}

/** The same for the decision: that there is one where there has to be, and what it carries beyond the usual. */
export const checkDecision = (
  { decision_contract: contract }: { readonly decision_contract?: DecisionContract },
  finalText: string,
  nonce: string
): string | undefined => {
  if (contract === undefined) return undefined
  const fields = readDecisionFields(finalText, nonce)
  if (fields === undefined) {
    return contract.allow_missing_decision
      ? undefined
      : "the answer carries no decision with this attempt's nonce, and its contract demands one"
  }
  const { nonce: _, ...said } = fields
  const wrong = judged(contract.extra_json_schemas ?? [], said)
  return wrong === undefined ? undefined : `the decision is not what its contract demands: ${wrong}`
}

/** Everything a phase demands of the final text of an attempt: the first breach, in words for whoever reads the run. */
export const contractBreach = (phase: AgentPhase, finalText: string, nonce: string): string | undefined =>
  checkDecision(phase, finalText, nonce) ?? checkOutput(phase, finalText)
