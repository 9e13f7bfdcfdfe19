/** When an attempt that a provider failed is tried again, where, and how long after. Pure. */
import type { AgentPhase } from "../../../schemas/Workflow.ts"
import type { AgentRuntime, Backoff, FailureToken } from "../../../schemas/WorkflowPolicy.ts"
import { toolOfModel } from "../../workflow/Agents.ts"

/** A year: what grows without end has to stop somewhere. */
const LONGEST_SECONDS = 31_536_000

/** Whole seconds before try `n`, counted from 0: the first begins at once. */
export const retryDelay = (backoff: Backoff | undefined, n: number): number => {
  if (backoff === undefined || n < 1) return 0
  const { factor, initial_secs, max_secs = LONGEST_SECONDS } = backoff
  const grown = initial_secs * factor ** (n - 1)
  return Math.trunc(Math.min(max_secs, LONGEST_SECONDS, Number.isFinite(grown) ? grown : LONGEST_SECONDS))
}

/** What must not be retried never is; a list of what may be is complete; without one only what may pass by itself is. */
export const mayRetry = (runtime: AgentRuntime | undefined, failure: FailureToken): boolean => {
  const { no_retry_on = [], retry_on = [] } = runtime ?? {}
  if (no_retry_on.includes(failure)) return false
  return retry_on.length > 0 ? retry_on.includes(failure) : failure === "transient"
}

/** Another target may do what this one cannot. */
export const mayFailOver = (failure: FailureToken): boolean =>
  failure === "provider_exhaustion" || failure === "target_unavailable"

export interface Target {
  readonly tool: string
  readonly model: string | undefined
}

const modelled: ReadonlySet<string> = new Set(["claude", "codex", "gemini", "opencode"])

/** Tools of one vendor run that vendor's models; any other tool runs what it is told to. */
const fits = (tool: string, model: string | undefined): boolean => {
  const derived = model === undefined ? undefined : toolOfModel(model)
  return derived === undefined || derived === tool || !modelled.has(tool)
}

/**
 * Where an attempt may be carried out, the first choice first: each model with each tool that can run it, and with its own
 * tool when none of them can. A fallback model of another vendor so needs no fallback tool beside it.
 */
export const targetsOf = ({ model, runtime, tool }: AgentPhase): ReadonlyArray<Target> => {
  const tools = [tool, ...runtime?.fallback_tools ?? []]
  const models = [{ model, tool: undefined }, ...runtime?.fallback_models ?? []]
  const targets = models.flatMap((choice): ReadonlyArray<Target> => {
    if (choice.tool !== undefined) return [{ tool: choice.tool, model: choice.model }]
    const able = tools.filter((one) => fits(one, choice.model))
    const own = choice.model === undefined ? undefined : toolOfModel(choice.model)
    return (able.length > 0 || own === undefined ? able : [own]).map((one) => ({ tool: one, model: choice.model }))
  })
  const all = [{ tool, model }, ...targets]
  return all.filter((one, at) => at === all.findIndex((other) => other.tool === one.tool && other.model === one.model))
}

/** How often a session is asked again for what its contract demands, after it ended well without it. */
export const continuationsOf = ({ decision_contract, output, runtime }: AgentPhase): number =>
  decision_contract === undefined && output === undefined ? 0 : runtime?.max_continuations ?? 3
