/**
 * Judges what a killed daemon left, from outside: reads the journals of runs and queue as plain JSON lines, and what was
 * acknowledged to the driver, and knows nothing else. A line each violation; nothing when all is well.
 *
 * node test/kill/check.ts SCOPE_FOLDER ACKNOWLEDGED [--final]
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"

interface Line {
  readonly sequence: number
  readonly event: {
    readonly _tag: string
    readonly phase?: string
    readonly attempt?: number
    readonly approved?: boolean
    readonly to?: string
  }
}

interface QueueLine {
  readonly _tag: string
  readonly run?: string
  readonly entry?: string | { readonly id: string }
  readonly entries?: ReadonlyArray<{ readonly id: string; readonly run?: string }>
}

interface Acknowledged {
  readonly what: "run" | "approve" | "reject" | "reject-to" | "retry" | "cancel" | "pause" | "resume" | "enqueue"
  readonly id: string
}

const [scope = "", acknowledged = "", final] = process.argv.slice(2)
const violations: Array<string> = []

/** Whole lines only: what a kill tore off at the end was acknowledged to nobody. */
const linesOf = <A>(file: string): ReadonlyArray<A> =>
  existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line)) : []

const ends = new Set(["RunCompleted", "RunFailed", "RunCancelled"])
const runs = new Map<string, ReadonlyArray<Line>>()
const folder = join(scope, "runs")
for (const run of existsSync(folder) ? readdirSync(folder) : []) {
  const lines = linesOf<Line>(join(folder, run, "journal.jsonl"))
  if (lines.length > 0) runs.set(run, lines)
}

const once = (run: string, lines: ReadonlyArray<Line>, tags: ReadonlyArray<string>) => {
  const seen = new Set<string>()
  for (const { event: { _tag, attempt, phase } } of lines) {
    if (!tags.includes(_tag)) continue
    const key = `${phase} attempt ${attempt}`
    if (seen.has(key)) violations.push(`run ${run}: ${key} has two of ${tags.join(", ")}`)
    seen.add(key)
  }
}

const letsGo = new Set(["RunResumed", "RunRetried", "CancelRequested"])

const holdsWhilePaused = (run: string, lines: ReadonlyArray<Line>) => {
  let paused = false
  for (const { event: { _tag, attempt, phase } } of lines) {
    if (_tag === "RunPaused") paused = true
    else if (letsGo.has(_tag)) paused = false
    if (paused && _tag === "PhaseStarted") {
      violations.push(`run ${run}: ${phase} attempt ${attempt} began while it was paused`)
    }
  }
}

for (const [run, lines] of runs) {
  lines.forEach(({ sequence }, index) => {
    if (sequence !== index + 1) violations.push(`run ${run}: entry ${index + 1} carries sequence ${sequence}`)
  })
  once(run, lines, ["PhaseCompleted", "PhaseFailed"])
  once(run, lines, ["PhaseStarted"])
  holdsWhilePaused(run, lines)
  lines.forEach(({ event }, at) => {
    const next = lines[at + 1]?.event._tag
    const revived = event._tag === "RunFailed" && next === "RunRetried"
    if (ends.has(event._tag) && next !== undefined && !revived) violations.push(`run ${run}: something follows its end`)
  })
}

/** Also once: a failed run that is retried has let go of its queue entry. */
const hasEnded = (run: string) => runs.get(run)?.some(({ event }) => ends.has(event._tag)) === true

const isOver = (run: string) => ends.has(runs.get(run)?.at(-1)?.event._tag ?? "")

const waiting = new Map<string, string | undefined>()
for (const line of linesOf<QueueLine>(join(scope, "queue", "journal.jsonl"))) {
  const entry = typeof line.entry === "string" ? line.entry : line.entry?.id ?? ""
  if (line._tag === "Snapshot") {
    waiting.clear()
    line.entries?.forEach(({ id, run }) => waiting.set(id, run))
  }
  if (line._tag === "Enqueued") waiting.set(entry, undefined)
  if (line._tag === "Leased") waiting.set(entry, line.run)
  if (line._tag === "Completed") {
    if (!hasEnded(line.run ?? "")) {
      violations.push(`queue: the entry of run ${line.run} is gone, and the run has not ended`)
    }
    for (const [id, run] of waiting) if (run === line.run) waiting.delete(id)
  }
}

/** Of an enqueued subject either its entry is left, or a run of it exists. */
const subjects = new Set(
  [...runs.values()].map(([first]) => JSON.stringify(first?.event).match(/"id":"(task:[^"]+)"/)?.[1])
)
const queue = join(scope, "queue", "journal.jsonl")
const queued = existsSync(queue) ? readFileSync(queue, "utf8") : ""
const count = (run: string, holds: (event: Line["event"]) => boolean) =>
  runs.get(run)?.filter(({ event }) => holds(event)).length ?? 0

/** How often it is there. */
const kept: Readonly<Record<Acknowledged["what"], (id: string) => number>> = {
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
  enqueue: (id) => subjects.has(id) || queued.includes(`"${id}"`) ? 1 : 0
}

const said = new Map<string, number>()
for (const { id, what } of linesOf<Acknowledged>(acknowledged)) {
  const times = (said.get(`${what} ${id}`) ?? 0) + 1
  said.set(`${what} ${id}`, times)
  if (kept[what](id) < times) violations.push(`acknowledged and lost: ${what} ${id}`)
}

if (final === "--final") {
  for (const run of runs.keys()) if (!isOver(run)) violations.push(`run ${run} never ended`)
  for (const [id, run] of waiting) violations.push(`queue: entry ${id} of run ${run} is stranded`)
  const project = process.cwd()
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
      if (readlinkSync(`/proc/${pid}/cwd`) === project) violations.push(`orphan ${pid}: ${command}`)
    } catch {
      // It has ended meanwhile, or is not ours to look at.
    }
  }
}

for (const violation of violations) process.stdout.write(`${violation}\n`)
