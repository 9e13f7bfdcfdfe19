/**
 * What this daemon has counted since it started, in the names and the form of the control protocol: a key is
 * `name{label=value}`, and each bucket counts only what falls into it. Pure; what nobody can bound has a bound here.
 * Not Effect's `Metric`, whose registry has no bound and whose buckets hold all that is below them.
 */
import type { DaemonRunEvent, WorkflowEvent } from "../../schemas/control/Events.ts"
import { isJsonObject, type Json, type JsonObject } from "../../schemas/Json.ts"

/** Upper ends, in seconds; what is longer falls into one more. */
const BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10] as const
/** Keys of either kind: labels are what plugins and workflows are named. */
const MOST_KEYS = 2000

interface Histogram {
  sum: number
  readonly counts: Array<number>
}

type Labels = Readonly<Record<string, Json | undefined>>

const keyOf = (name: string, labels: Labels): string => {
  const written = Object.entries(labels).map(([label, value]) => `${label}=${String(value ?? "unknown")}`)
  return written.length === 0 ? name : `${name}{${written.join(",")}}`
}

const facts = (payload: Json): JsonObject => isJsonObject(payload) ? payload : {}

/** Said of a phase before it is over. */
const underWay: ReadonlySet<Json | undefined> = new Set(["decision", "manual_pending"])

export class MetricsBook {
  private readonly counts = new Map<string, number>()
  private readonly spans = new Map<string, Histogram>()

  workflow({ kind, payload }: WorkflowEvent): void {
    this.count("subscription_events_total", { kind })
    const { duration_ms, final_status, phase_id, phase_status } = facts(payload)
    if (kind === "workflow_completed" || kind === "workflow_failed") {
      this.count("workflow_runs_total", { status: final_status })
    } else if (kind === "workflow_cancelled") this.count("workflow_runs_total", { status: "cancelled" })
    else if ((kind === "phase_completed" || kind === "phase_failed") && !underWay.has(phase_status)) {
      this.count("phase_executions_total", { status: phase_status })
      if (typeof duration_ms === "number") {
        this.span("phase_duration_seconds", { phase_name: phase_id }, duration_ms / 1000)
      }
    }
  }

  daemon({ kind, payload }: DaemonRunEvent): void {
    this.count("subscription_events_total", { kind })
    const { plugin, routed } = facts(payload)
    if (kind === "plugin-restart") this.count("plugin_restarts_total", { plugin })
    else if (kind === "plugin-crashed") this.count("plugin_disabled_total", { plugin })
    else if (kind === "trigger-plugin-event") this.count("trigger_events_total", { plugin, routed })
  }

  get counters(): Record<string, number> {
    return Object.fromEntries(this.counts)
  }

  get histograms() {
    return Object.fromEntries([...this.spans].map(([key, { counts, sum }]) => [key, {
      count: counts.reduce((all, one) => all + one, 0),
      sum_seconds: sum,
      buckets: counts.map((count, index) => ({ le_seconds: BOUNDS[index] ?? null, count }))
    }]))
  }

  private count(name: string, labels: Labels): void {
    const key = keyOf(name, labels)
    const before = this.counts.get(key)
    if (before !== undefined || this.counts.size < MOST_KEYS) this.counts.set(key, (before ?? 0) + 1)
  }

  private span(name: string, labels: Labels, seconds: number): void {
    const key = keyOf(name, labels)
    const known = this.spans.get(key) ?? { sum: 0, counts: [...BOUNDS, Infinity].map(() => 0) }
    if (!this.spans.has(key) && this.spans.size >= MOST_KEYS) return
    const bucket = BOUNDS.findIndex((bound) => seconds <= bound)
    const index = bucket === -1 ? BOUNDS.length : bucket
    known.counts[index] = (known.counts[index] ?? 0) + 1
    known.sum += seconds
    this.spans.set(key, known)
  }
}

/** How many plugins there are, and of which kinds. */
export const pluginGauges = (kinds: ReadonlyArray<string>): Record<string, number> => {
  const gauges: Record<string, number> = { plugins_installed_total: kinds.length }
  for (const kind of kinds) {
    const key = keyOf("plugins_installed", { kind })
    gauges[key] = (gauges[key] ?? 0) + 1
  }
  return gauges
}
