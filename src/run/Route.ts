/**
 * Where a verdict leads. Pure, and the only place that knows: the fold counts reworks by it, `decide` acts on it, events
 * name it. A decision contract is enforced here: an answer below its confidence, above its risk or without the evidence
 * it asks for counts as a rework of the same phase.
 */
import type { Phase, PhaseDecision, Risk, VerdictRule, WorkflowDefinition } from "../../schemas/Workflow.ts"
import { guardHolds } from "../workflow/guard/Evaluate.ts"
import { own } from "../workflow/Own.ts"
import { type Asked, factsOf } from "./GuardFacts.ts"
import type { Position } from "./Position.ts"

export type Route =
  | { readonly _tag: "Enter"; readonly phase: string }
  | {
    readonly _tag: "Rework"
    readonly phase: string
    readonly failureContext: string
    /** Sent back by the phase's own checks, which bound themselves. */
    readonly byChecks: boolean
  }
  | { readonly _tag: "Complete"; readonly reason: string }
  | { readonly _tag: "Cancel"; readonly reason: string }
  /** `phase` is where the run goes on when a person resumes it. */
  | { readonly _tag: "Escalate"; readonly phase: string; readonly reason: string }

export const ALL_PHASES_DONE = "workflow completed all phases"

const sameId = (left: string, right: string) => left.toLowerCase() === right.toLowerCase()

export const phaseOf = (definition: WorkflowDefinition, id: string): Phase | undefined =>
  definition.phases.find((phase) => sameId(phase.id, id))

/** The phase after this one in the order they are written, if there is one. */
export const phaseAfter = (definition: WorkflowDefinition, id: string): Phase | undefined => {
  const index = definition.phases.findIndex((phase) => sameId(phase.id, id))
  return index < 0 ? undefined : definition.phases[index + 1]
}

const agentTarget = (rule: VerdictRule, chosen: string | undefined): string | undefined => {
  if (!rule.allow_agent_target || chosen === undefined) return undefined
  const allowed = rule.allowed_targets.length === 0 || rule.allowed_targets.some((target) => sameId(target, chosen))
  return allowed ? chosen : undefined
}

const rank: { readonly [K in Risk]: number } = { low: 0, medium: 1, high: 2 }

const kindOf = (evidence: unknown) =>
  typeof evidence === "object" && evidence !== null && "kind" in evidence ? evidence.kind : undefined

const breachOf = (phase: Phase, decision: PhaseDecision): string | undefined => {
  if (phase.mode !== "agent" || phase.decision_contract === undefined || decision.source !== "agent") return undefined
  const { max_risk, min_confidence, required_evidence } = phase.decision_contract
  if (decision.confidence < min_confidence) return `confidence ${decision.confidence} is below ${min_confidence}`
  if (rank[decision.risk] > rank[max_risk]) return `risk ${decision.risk} is above ${max_risk}`
  const given = new Set(decision.evidence.map(kindOf))
  const missing = required_evidence.filter((kind) => !given.has(kind))
  return missing.length === 0 ? undefined : `evidence is missing: ${missing.join(", ")}`
}

/** What stops an advance or a skip while there is budget to try again. */
const gateOf = (decision: PhaseDecision): string | undefined => {
  if (decision.guardrail_violations.length > 0) {
    return `guardrails were violated: ${decision.guardrail_violations.join("; ")}`
  }
  if (decision.confidence < 0.5 && decision.risk === "high") return `confidence ${decision.confidence} at high risk`
  return undefined
}

interface Concluded extends Asked {
  readonly phase: Phase
  readonly attempt: number
  readonly decision: PhaseDecision
  readonly output: string
}

/** A rule counts where it has no guard, or its guard holds. */
const ruleOf = (from: Concluded, verdict: "advance" | "rework"): VerdictRule | undefined => {
  const rule = from.phase.on_verdict[verdict]
  if (rule?.guard === undefined) return rule
  return guardHolds(rule.guard, factsOf(from, from)) ? rule : undefined
}

/** The agent's own choice when the rule permits it, else the rule's; neither counts unless the phase exists. */
const targetOf = (from: Concluded, verdict: "advance" | "rework") => {
  const rule = ruleOf(from, verdict)
  if (rule === undefined) return undefined
  const chosen = agentTarget(rule, from.decision.target_phase)
  const agents = chosen === undefined ? undefined : phaseOf(from.definition, chosen)
  return agents ?? (rule.target === undefined ? undefined : phaseOf(from.definition, rule.target))
}

const budgetLeft = ({ reworks }: Concluded, target: Phase) =>
  (own(reworks, target.id) ?? 0) < target.max_rework_attempts

/** A command explains itself by what it printed, an agent or a person by the reason given. */
const explain = ({ decision, output, phase }: Concluded, why: string) => {
  const said = [decision.reason, phase.mode === "command" ? output : ""].filter((text) => text !== "").join("\n")
  return `Phase "${phase.id}" sent the run back: ${why}${said === "" || said === why ? "" : `\n${said}`}`
}

const rework = (from: Concluded, target: Phase, why: string): Route =>
  budgetLeft(from, target)
    ? { _tag: "Rework", phase: target.id, failureContext: explain(from, why), byChecks: false }
    : {
      _tag: "Escalate",
      phase: target.id,
      reason:
        `rework budget exceeded: phase "${target.id}" was already entered again ${target.max_rework_attempts} times; ` +
        `last reason: ${from.decision.reason === "" ? why : from.decision.reason}`
    }

const onward = (from: Concluded): Route => {
  const target = targetOf(from, "advance") ?? phaseAfter(from.definition, from.phase.id)
  return target === undefined ? { _tag: "Complete", reason: ALL_PHASES_DONE } : { _tag: "Enter", phase: target.id }
}

const closing = ({ decision: { reason } }: Concluded): Route =>
  reason.toLowerCase().includes("already_done")
    ? { _tag: "Complete", reason }
    : { _tag: "Cancel", reason: reason === "" ? "closed by a skip verdict" : reason }

/** Workflow language, verdicts and routing. */
const follow = (from: Concluded): Route => {
  const { decision, phase } = from
  const { reason, verdict } = decision
  if (verdict === "fail") {
    return {
      _tag: "Escalate",
      phase: phase.id,
      reason: reason === "" ? `phase "${phase.id}" gave the verdict fail` : reason
    }
  }
  if (decision.source === "evals") {
    return { _tag: "Rework", phase: phase.id, failureContext: explain(from, "its checks failed"), byChecks: true }
  }
  if (verdict === "rework") {
    return rework(from, targetOf(from, "rework") ?? phase, "verdict rework")
  }
  const breach = breachOf(phase, decision)
  if (breach !== undefined) return rework(from, phase, breach)
  const gate = gateOf(decision)
  if (gate !== undefined && budgetLeft(from, phase)) return rework(from, phase, gate)
  return verdict === "skip" ? closing(from) : onward(from)
}

interface Routed extends Asked {
  readonly position: Position
}

/** Where the run goes after the attempt that concluded last; nothing when none has. */
export const routeOf = (state: Routed): Route | undefined => {
  if (state.position._tag !== "Concluded") return undefined
  const { attempt, decision, output } = state.position
  const phase = phaseOf(state.definition, state.position.phase)
  return phase && follow({ ...state, phase, attempt, decision, output })
}
