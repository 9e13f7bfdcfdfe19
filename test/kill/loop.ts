/**
 * Kills a real daemon again and again, at a random crash point or a random time, while a driver gives it work; after each
 * kill a judge that shares nothing with the daemon reads the journals. The last line counts: `N kills, M violations`.
 *
 * npm run kill-loop -- --kills N --seed S
 */
import { spawnSync } from "node:child_process"
import { appendFileSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { parseArgs } from "node:util"
import { crashPoints } from "../../src/run/CrashPoint.ts"
import { violationsIn } from "./Judge.ts"
import { acknowledged, connect, end, launched, type Life, prepare, project, scope, start, tidy } from "./Life.ts"
import type { Line } from "./Line.ts"

const { values } = parseArgs({
  options: { kills: { type: "string", default: "30" }, seed: { type: "string", default: String(Date.now() % 1e9) } }
})
const say = (line: string) => process.stdout.write(`${line}\n`)
const kills = Number(values.kills)

/** The same numbers for the same seed (mulberry32). */
let seed = Number(values.seed)
const random = () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const upTo = (limit: number) => Math.floor(random() * limit)
const places = [...crashPoints, "before-write", "before-sync", "after-sync", "time"]

/** Every place once, in an order of chance, before any comes again. */
const shuffled = function*(): Generator<string, never> {
  while (true) {
    const left = [...places]
    while (left.length > 0) yield* left.splice(upTo(left.length), 1)
  }
}

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null
const field = (value: unknown, key: string): string => isObject(value) ? String(value[key]) : ""
const keep = (what: string, id: string) => appendFileSync(acknowledged, `${JSON.stringify({ what, id })}\n`)

const listed = async (line: Line, query: object): Promise<ReadonlyArray<string>> => {
  const page = await line.call("workflow/list", { limit: 500, ...query })
  return isObject(page) && Array.isArray(page["runs"]) ? page["runs"].map((run) => field(run, "id")) : []
}

/** What the daemon has said yes to has to be there ever after. */
const tell = async (
  line: Line,
  what: string,
  method: string,
  params: { readonly id: string; readonly [key: string]: string | boolean }
) => {
  if (await line.call(`workflow/${method}`, params) !== undefined) keep(what, params.id)
}

const approve = (line: Line, id: string) => tell(line, "approve", "approve", { id, phase: "review" })

/** Now and then for good, so that there is something to retry. */
const decide = async (line: Line, id: string) => {
  const chance = random()
  if (chance < 0.2) return tell(line, "reject", "reject", { id, phase: "review" })
  if (chance < 0.4) return tell(line, "reject-to", "reject", { id, phase: "review", to: "implement" })
  return approve(line, id)
}

const decideAll = async (line: Line, decide: (line: Line, id: string) => Promise<void>) => {
  for (const id of await listed(line, { state: "waiting" })) await decide(line, id)
}

const any = async (line: Line, query: object): Promise<ReadonlyArray<string>> => {
  const ids = await listed(line, query)
  return ids.length === 0 ? [] : ids.slice(upTo(ids.length)).slice(0, 1)
}

const retry = async (line: Line) => {
  for (const id of await any(line, { state: "failed" })) await tell(line, "retry", "retry", { id, from: "prepare" })
}

const cancel = async (line: Line) => {
  for (const id of await any(line, { status: "running" })) await tell(line, "cancel", "cancel", { id })
}

const hold = async (line: Line) => {
  for (const id of await any(line, { state: "running" })) await tell(line, "pause", "pause", { id })
}

/** An outage of a plugin that the loop made is over. */
const tryAgain = async (line: Line) => {
  const page = await line.call("queue/list", { limit: 500 })
  const entries = isObject(page) && Array.isArray(page["entries"]) ? page["entries"] : []
  for (const entry of entries) {
    if (isObject(entry) && "not_before" in entry) await line.call("queue/release", { id: field(entry, "id") })
  }
}

const letGo = async (line: Line) => {
  for (const id of await listed(line, { state: "paused" })) await tell(line, "resume", "resume", { id })
  for (const id of await listed(line, { state: "blocked" })) await tell(line, "resume", "resume", { id, force: true })
}

const begin = async (line: Line, queued: boolean) => {
  const task = field(await line.call("subject/create", { kind: "task", title: "Work" }), "id")
  if (!task.startsWith("task:")) return
  if (queued) {
    if (await line.call("queue/enqueue", { task_id: task }) !== undefined) keep("enqueue", task)
    return
  }
  const run = await line.call("workflow/run", { task_id: task, params: {} })
  if (run !== undefined) keep("run", field(run, "workflow_id"))
}

let struck = 0

/** A plugin that dies by itself, the provider or the runner, in the middle of whatever it does for its runs. */
const strike = async (line: Line) => {
  const status = await line.call("plugin/status", {})
  const plugins = isObject(status) && Array.isArray(status["plugins"]) ? status["plugins"] : []
  const pids = plugins.flatMap((plugin) => isObject(plugin) && typeof plugin["pid"] === "number" ? [plugin["pid"]] : [])
  const pid = pids[upTo(pids.length)]
  if (pid === undefined) return
  try {
    process.kill(pid, "SIGKILL")
    struck++
  } catch {
    // It has ended meanwhile.
  }
}

/** Begins at the gate, so that there is always one to decide about. */
const fork = async (line: Line) => {
  for (const id of await any(line, {})) {
    const run = await line.call("workflow/fork", { id, from: "review" })
    if (run !== undefined) keep("run", field(run, "workflow_id"))
  }
}

/** Runs that have not ended: what there is to do is bounded, so that the end comes in time. */
const OPEN = 12

const beginSome = async (line: Line) => {
  const open = [...await listed(line, { status: "running" }), ...await listed(line, { status: "paused" })]
  if (open.length >= OPEN) return
  const chance = random()
  return chance < 0.5 ? fork(line) : begin(line, chance < 0.8)
}

/** One thing that an operator might do, or that happens to a plugin. */
const act = (line: Line, unlucky: boolean) => {
  const chance = random()
  if (unlucky && chance < 0.12) return strike(line)
  if (chance < 0.4) return decideAll(line, decide)
  if (chance < 0.55) return retry(line)
  if (chance < 0.62) return cancel(line)
  if (chance < 0.72) return hold(line)
  if (chance < 0.78) return letGo(line)
  return beginSome(line)
}

/** Several operators at a time, who know nothing of each other: more happens in the life of a daemon. */
const OPERATORS = 3

/** After so many acts, and so many milliseconds, a crash point that was not reached ends in a kill all the same. */
const ACTS = 40
const BOUND = 1000

/** Every event comes by here: the first few times would be over before anybody is served. */
const frequent: ReadonlySet<string> = new Set([
  "before-append",
  "after-append",
  "before-write",
  "before-sync",
  "after-sync",
  "phase-started",
  "phase-performed",
  "phase-completed",
  "command-spawned"
])

interface Killed {
  readonly place: string
  /** It ended itself there. */
  readonly reached: boolean
  readonly found: ReadonlyArray<string>
}

const otherThan = (expected: string, { by, said }: Awaited<Life["ended"]>): ReadonlyArray<string> =>
  by === expected ? [] : [`a daemon ended by ${by}: ${said}`]

const live = async (place: string): Promise<Killed> => {
  // Now and then its phases are performed by a runner of its own, over journals that others began.
  const life = start(
    `${place}:${1 + upTo(frequent.has(place) ? 30 : 2)}`,
    random() < 0.3 ? "subprocess" : "in_process"
  )
  const line = await connect(life)
  const [least, bound] = place === "time" ? [0, Date.now() + upTo(800)] : [ACTS, Date.now() + BOUND]
  // Its plugins come back a second later, and then two: not in every life.
  const unlucky = random() < 0.4
  let acts = 0
  const operate = async (line: Line) => {
    while (!life.isOver() && (acts < least || Date.now() < bound)) {
      acts++
      await act(line, unlucky)
      await pause(upTo(10))
    }
  }
  if (line !== undefined) await Promise.all(Array.from({ length: OPERATORS }, () => operate(line)))
  const reached = life.isOver()
  end()
  const found = otherThan("SIGKILL", await life.ended)
  line?.close()
  return { place, reached, found }
}

/** In a process of its own, which sees what else is left. */
const checkAtTheEnd = (): ReadonlyArray<string> => {
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "check.ts"), scope(), acknowledged, launched, "--final"],
    { cwd: project, encoding: "utf8", timeout: 180_000 }
  )
  return status === 0 ? stdout.split("\n").filter((text) => text !== "") : [`the check failed: ${stderr}`]
}

const finishAll = async (life: Life, line: Line) => {
  const until = Date.now() + 120_000
  let open = 1
  while (!life.isOver() && open > 0 && Date.now() < until) {
    await letGo(line)
    await tryAgain(line)
    await decideAll(line, approve)
    const stats = await line.call("queue/stats", {})
    const queued = isObject(stats) ? Number(stats["ready"]) + Number(stats["in_flight"]) : 1
    open = queued + (await listed(line, { status: "running" })).length +
      (await listed(line, { status: "paused" })).length
    await pause(50)
  }
  await line.call("daemon/stop", { timeout_seconds: 5 })
}

/** A daemon that nobody kills brings everything to its end. */
const finish = async (): Promise<ReadonlyArray<string>> => {
  const life = start("", "in_process")
  const line = await connect(life)
  if (line !== undefined) await finishAll(life, line)
  // It must not keep this process once the daemon has ended.
  const late = pause(20_000, { by: "nothing in 20 s", said: "" }, { ref: false })
  const found = otherThan("0", await Promise.race([life.ended, late]))
  const left = checkAtTheEnd()
  end()
  return [...found, ...left]
}

const main = async () => {
  say(`seed ${values.seed}`)
  const violations = new Set<string>()
  const reached = new Set<string>()
  const next = shuffled()
  await prepare()
  for (let kill = 1; kill <= kills; kill++) {
    const killed = await live(next.next().value)
    const { place } = killed
    if (killed.reached) reached.add(place)
    const found = [...killed.found, ...violationsIn({ scope: scope(), acknowledged, launched })].filter((text) =>
      !violations.has(text)
    )
    found.forEach((text) => violations.add(text))
    say(`${kill} ${place}${found.map((text) => `\n  ${text}`).join("")}`)
  }
  for (const text of await finish()) {
    violations.add(text)
    say(`at the end: ${text}`)
  }
  const count = (what: string) => readFileSync(acknowledged, "utf8").split(`"${what}"`).length - 1
  const told = ["run", "enqueue", "approve", "reject", "reject-to", "retry", "cancel", "pause", "resume"].map((what) =>
    `${count(what)} of ${what}`
  )
  say(
    `acknowledged: ${told.join(", ")}; journals: ${readdirSync(join(scope(), "runs")).length}; agents launched: ${
      readFileSync(launched, "utf8").split("\n").length - 1
    }; plugins killed: ${struck}`
  )
  say(`killed at: ${[...reached].toSorted().join(", ")}`)
  say(`${kills} kills, ${violations.size} violations`)
  return violations.size
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    tidy()
    process.exit(130)
  })
}

try {
  process.exitCode = await main() === 0 ? 0 : 1
} finally {
  tidy()
}
