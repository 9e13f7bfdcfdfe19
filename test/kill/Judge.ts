/**
 * Judges what a killed daemon left, from outside: reads the journals of runs and queue as plain JSON lines, and what was
 * acknowledged to the driver, and knows nothing else.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

interface Line {
  readonly sequence: number
  readonly event: {
    readonly _tag: string
    readonly phase?: string
    readonly attempt?: number
    readonly approved?: boolean
    readonly to?: string
    readonly nonce?: string
  }
}

interface QueueLine {
  readonly _tag: string
  readonly run?: string
  readonly entry?: string | { readonly id: string }
  readonly entries?: ReadonlyArray<{ readonly id: string; readonly run?: string; readonly hold_reason?: string }>
  readonly reason?: string
}

interface Waiting {
  readonly run?: string | undefined
  /** Why it is held. */
  readonly reason?: string | undefined
}

interface Acknowledged {
  readonly what: "run" | "approve" | "reject" | "reject-to" | "retry" | "cancel" | "pause" | "resume" | "enqueue"
  readonly id: string
}

/** Whole lines only: what a kill tore off at the end was acknowledged to nobody. */
const linesOf = <A>(file: string): ReadonlyArray<A> =>
  existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line)) : []

const ends = new Set(["RunCompleted", "RunFailed", "RunCancelled"])

type Runs = ReadonlyMap<string, ReadonlyArray<Line>>

const runsIn = (scope: string): Runs => {
  const folder = join(scope, "runs")
  const runs = new Map<string, ReadonlyArray<Line>>()
  for (const run of existsSync(folder) ? readdirSync(folder) : []) {
    const lines = linesOf<Line>(join(folder, run, "journal.jsonl"))
    if (lines.length > 0) runs.set(run, lines)
  }
  return runs
}

const once = (run: string, lines: ReadonlyArray<Line>, tags: ReadonlyArray<string>): ReadonlyArray<string> => {
  const seen = new Set<string>()
  return lines.flatMap(({ event: { _tag, attempt, phase } }) => {
    if (!tags.includes(_tag)) return []
    const key = `${phase} attempt ${attempt}`
    if (seen.has(key)) return [`run ${run}: ${key} has two of ${tags.join(", ")}`]
    seen.add(key)
    return []
  })
}

const letsGo = new Set(["RunResumed", "RunRetried", "CancelRequested"])

const holdsWhilePaused = (run: string, lines: ReadonlyArray<Line>): ReadonlyArray<string> => {
  let paused = false
  return lines.flatMap(({ event: { _tag, attempt, phase } }) => {
    if (_tag === "RunPaused") paused = true
    else if (letsGo.has(_tag)) paused = false
    return paused && _tag === "PhaseStarted"
      ? [`run ${run}: ${phase} attempt ${attempt} began while it was paused`]
      : []
  })
}

const inOrder = (run: string, lines: ReadonlyArray<Line>): ReadonlyArray<string> =>
  lines.flatMap(({ event, sequence }, at) => {
    const next = lines[at + 1]?.event._tag
    const revived = event._tag === "RunFailed" && next === "RunRetried"
    return [
      ...sequence === at + 1 ? [] : [`run ${run}: entry ${at + 1} carries sequence ${sequence}`],
      ...ends.has(event._tag) && next !== undefined && !revived ? [`run ${run}: something follows its end`] : []
    ]
  })

const ofRun = (run: string, lines: ReadonlyArray<Line>): ReadonlyArray<string> => [
  ...inOrder(run, lines),
  ...once(run, lines, ["PhaseCompleted", "PhaseFailed"]),
  ...once(run, lines, ["PhaseStarted"]),
  ...holdsWhilePaused(run, lines)
]

/** Also once: a failed run that is retried has let go of its queue entry. */
const hasEnded = (runs: Runs, run: string) => runs.get(run)?.some(({ event }) => ends.has(event._tag)) === true

const queueIn = (scope: string) => join(scope, "queue", "journal.jsonl")

/** What is wrong with the queue, and the entries that wait in it. */
const ofQueue = (scope: string, runs: Runs) => {
  const violations: Array<string> = []
  const waiting = new Map<string, Waiting>()
  for (const line of linesOf<QueueLine>(queueIn(scope))) {
    const entry = typeof line.entry === "string" ? line.entry : line.entry?.id ?? ""
    if (line._tag === "Snapshot") {
      waiting.clear()
      line.entries?.forEach(({ hold_reason: reason, id, run }) => waiting.set(id, { run, reason }))
    }
    if (line._tag === "Enqueued") waiting.set(entry, {})
    if (line._tag === "Leased") waiting.set(entry, { run: line.run })
    if (line._tag === "Returned") {
      for (const [id, { run }] of waiting) if (run === line.run) waiting.set(id, { reason: line.reason })
    }
    if (line._tag === "Completed") {
      if (!hasEnded(runs, line.run ?? "")) {
        violations.push(`queue: the entry of run ${line.run} is gone, and the run has not ended`)
      }
      for (const [id, { run }] of waiting) if (run === line.run) waiting.delete(id)
    }
  }
  return { violations, waiting }
}

/** How often it is there, what was acknowledged. */
const keptIn = (scope: string, runs: Runs): Readonly<Record<Acknowledged["what"], (id: string) => number>> => {
  const subjects = new Set(
    [...runs.values()].map(([first]) => JSON.stringify(first?.event).match(/"id":"(task:[^"]+)"/)?.[1])
  )
  const queued = existsSync(queueIn(scope)) ? readFileSync(queueIn(scope), "utf8") : ""
  const count = (run: string, holds: (event: Line["event"]) => boolean) =>
    runs.get(run)?.filter(({ event }) => holds(event)).length ?? 0
  return {
    run: (id) => runs.has(id) ? 1 : 0,
    approve: (id) => count(id, ({ _tag, approved }) => _tag === "GateDecided" && approved === true),
    reject: (id) =>
      count(id, ({ _tag, approved, to }) => _tag === "GateDecided" && approved === false && to === undefined),
    "reject-to": (id) => count(id, ({ _tag, approved, to }) => _tag === "GateDecided" && !approved && to !== undefined),
    retry: (id) => count(id, ({ _tag }) => _tag === "RunRetried"),
    pause: (id) => count(id, ({ _tag }) => _tag === "RunPaused"),
    resume: (id) => count(id, ({ _tag }) => _tag === "RunResumed"),
    // Asked for again while it is under way, it is the same cancel.
    cancel: (id) => count(id, ({ _tag }) => _tag === "CancelRequested") > 0 ? Number.POSITIVE_INFINITY : 0,
    // Of an enqueued subject either its entry is left, or a run of it exists.
    enqueue: (id) => subjects.has(id) || queued.includes(`"${id}"`) ? 1 : 0
  }
}

const lost = (scope: string, runs: Runs, acknowledged: string): ReadonlyArray<string> => {
  const kept = keptIn(scope, runs)
  const said = new Map<string, number>()
  return linesOf<Acknowledged>(acknowledged).flatMap(({ id, what }) => {
    const times = (said.get(`${what} ${id}`) ?? 0) + 1
    said.set(`${what} ${id}`, times)
    return kept[what](id) < times ? [`acknowledged and lost: ${what} ${id}`] : []
  })
}

/** An agent of which nobody knows whether it may be launched again begins once, and never before its attempt has. */
const launchedWrongly = (runs: Runs, launched: string): ReadonlyArray<string> => {
  const begun = new Set([...runs.values()].flat().flatMap(({ event: { nonce } }) => nonce ?? []))
  const nonces = existsSync(launched) ? readFileSync(launched, "utf8").split("\n").slice(0, -1) : []
  return nonces.flatMap((nonce, at) => [
    ...nonces.indexOf(nonce) < at ? [`the agent of the attempt with nonce ${nonce} was launched twice`] : [],
    ...begun.has(nonce) ? [] : [`an agent was launched with nonce ${nonce}, which no attempt has`]
  ])
}

export interface Files {
  /** The state folder. */
  readonly scope: string
  /** In which the driver wrote what it was told. */
  readonly acknowledged: string
  /** In which every agent wrote the nonce it was given. */
  readonly launched: string
}

/** At any time. */
export const violationsIn = ({ acknowledged, launched, scope }: Files): ReadonlyArray<string> => {
  const runs = runsIn(scope)
  return [
    ...[...runs].flatMap(([run, lines]) => ofRun(run, lines)),
    ...ofQueue(scope, runs).violations,
    ...lost(scope, runs, acknowledged),
    ...launchedWrongly(runs, launched)
  ]
}

/** What must have come to an end once nothing is killed any more. */
export const unfinishedIn = (scope: string): ReadonlyArray<string> => {
  const runs = runsIn(scope)
  const isOver = (run: string) => ends.has(runs.get(run)?.at(-1)?.event._tag ?? "")
  return [
    ...[...runs.keys()].filter((run) => !isOver(run)).map((run) => `run ${run} never ended`),
    ...[...ofQueue(scope, runs).waiting].map(([id, { reason, run }]) =>
      `queue: entry ${id} ${reason === undefined ? `of run ${run} is stranded` : `is held: ${reason}`}`
    )
  ]
}
