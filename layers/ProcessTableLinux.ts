/** ProcessTable over `/proc`. Elsewhere nothing can be told apart safely: lists are empty and no stranger is signalled. */
import { Effect, Layer } from "effect"
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
import * as fs from "node:fs/promises"
import * as process from "node:process"
import { COOKIE_VARIABLE, GENERATION_VARIABLE, PLUGIN_VARIABLE } from "../src/project/HostEnvironment.ts"
import {
  type Looked,
  type Mark,
  type MarkedProcess,
  type ProcessRow,
  ProcessTable,
  type Sighting,
  type Signal
} from "../src/project/ProcessTable.ts"

interface Stat extends ProcessRow {
  readonly parent: number
  readonly state: string
}

/** A process may end between being listed and being read: it is gone then, which is an answer. */
const orGone = <A>(read: () => Promise<A>): Effect.Effect<A | undefined> =>
  Effect.tryPromise(read).pipe(Effect.orElseSucceed(() => undefined))

/** The command is in parentheses and may itself contain some: fields are counted from the last one. */
const parseStat = (pid: number, text: string): Stat | undefined => {
  const close = text.lastIndexOf(")")
  const fields = text.slice(close + 2).split(" ")
  const [state, parent, startTime] = [fields[0], fields[1], fields[19]]
  if (state === undefined || parent === undefined || startTime === undefined) return undefined
  return { pid, state, parent: Number(parent), startTime, command: text.slice(text.indexOf("(") + 1, close) }
}

const isDead = (stat: Stat | undefined): stat is undefined =>
  stat === undefined || stat.state === "Z" || stat.state === "X"

const statOf = Effect.fnUntraced(function*(pid: number) {
  const text = yield* orGone(() => fs.readFile(`/proc/${pid}/stat`, "utf8"))
  const stat = text === undefined ? undefined : parseStat(pid, text)
  return isDead(stat) ? undefined : stat
})

const rowOf = ({ command, pid, startTime }: Stat): ProcessRow => ({ pid, startTime, command })

const pids = Effect.map(
  orGone(() => fs.readdir("/proc")),
  (names) => (names ?? []).filter((name) => /^\d+$/.test(name)).map(Number)
)

const living = Effect.gen(function*() {
  const stats = yield* Effect.forEach(yield* pids, statOf, { concurrency: 16 })
  return stats.filter((stat) => stat !== undefined)
})

const isOwn = (pid: number) =>
  Effect.map(orGone(() => fs.stat(`/proc/${pid}`)), (info) => info !== undefined && info.uid === process.getuid?.())

const variable = (environ: string, name: string): string | undefined =>
  environ.split("\0").find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1)

const markIn = (environ: string): Mark | undefined => {
  const cookie = variable(environ, COOKIE_VARIABLE)
  return cookie === undefined ? undefined : {
    cookie,
    generation: variable(environ, GENERATION_VARIABLE) ?? "",
    plugin: variable(environ, PLUGIN_VARIABLE) ?? ""
  }
}

const markedProcess = Effect.fnUntraced(function*(pid: number, cookie: string) {
  if (pid === process.pid || !(yield* isOwn(pid))) return undefined
  const environ = yield* orGone(() => fs.readFile(`/proc/${pid}/environ`, "utf8"))
  const mark = environ === undefined ? undefined : markIn(environ)
  if (mark?.cookie !== cookie) return undefined
  const stat = yield* statOf(pid)
  return stat && { ...rowOf(stat), generation: mark.generation, plugin: mark.plugin } satisfies MarkedProcess
})

/** False when nobody is there to be signalled, or it is not ours to signal. */
const send = (target: number, signal: Signal) =>
  Effect.try(() => process.kill(target, signal)).pipe(Effect.orElseSucceed(() => false))

const descendants = Effect.fnUntraced(function*(pid: number) {
  const children = Map.groupBy(yield* living, (stat) => stat.parent)
  const below = (parent: number): ReadonlyArray<Stat> =>
    (children.get(parent) ?? []).flatMap((child) => [child, ...below(child.pid)])
  return below(pid).map(rowOf)
})

const worksIn = (pid: number, folder: string) =>
  Effect.map(
    orGone(() => fs.readlink(`/proc/${pid}/cwd`)),
    (cwd) => cwd !== undefined && (cwd === folder || cwd.startsWith(`${folder}/`))
  )

const workingIn = Effect.fnUntraced(function*(folder: string) {
  const found = yield* Effect.filter(
    yield* living,
    ({ pid }) => Effect.map(Effect.all([isOwn(pid), worksIn(pid, folder)]), ([own, inside]) => own && inside),
    { concurrency: 16 }
  )
  return found.map(rowOf)
})

const end = Effect.fnUntraced(function*(row: ProcessRow, signal: Signal) {
  const stat = yield* statOf(row.pid)
  return stat !== undefined && stat.startTime === row.startTime && (yield* send(row.pid, signal))
})

/** From here on nothing waits: what lives for milliseconds has to be met while it is there. */
const nowOrGone = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const statNow = (pid: number): Stat | undefined =>
  nowOrGone(() => parseStat(pid, readFileSync(`/proc/${pid}/stat`, "latin1")))

const limitOf = (pid: number): number | undefined => {
  const limits = nowOrGone(() => readFileSync(`/proc/${pid}/limits`, "latin1")) ?? ""
  const soft = /^Max file locks\s+(\d+)/m.exec(limits)?.[1]
  return soft === undefined ? undefined : Number(soft)
}

const openEnd = (pid: number, descriptor: string | number): string | undefined =>
  nowOrGone(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`))

const openEnds = (pid: number): ReadonlyArray<string> =>
  (nowOrGone(() => readdirSync(`/proc/${pid}/fd`)) ?? []).map((descriptor) => openEnd(pid, descriptor) ?? "")

/** Read at the first question, and not again for the next. */
const once = <A>(read: () => A): () => A => {
  let known: { readonly value: A } | undefined
  return () => (known ??= { value: read() }).value
}

const sighting = (stat: Stat): Sighting => {
  const { pid } = stat
  const held = once(() => openEnds(pid))
  return {
    ...rowOf(stat),
    parent: stat.parent,
    mark: once(() => markIn(nowOrGone(() => readFileSync(`/proc/${pid}/environ`, "utf8")) ?? "")),
    limit: once(() => limitOf(pid)),
    holds: (ends) => held().some((end) => ends.includes(end))
  }
}

/** A signal for whom this process descends from would end this one with it. */
const elders = (): ReadonlySet<number> => {
  const found = new Set([process.pid])
  for (let pid = process.ppid; pid > 0 && !found.has(pid); pid = statNow(pid)?.parent ?? 0) found.add(pid)
  return found
}

/** More than any kernel counts up to before it begins again with the lowest that is free. */
const PIDS = 2 ** 22

/** Whoever came last, first: `last` is the pid that was given out last, and what lies above it is of the round before. */
export const youngestFirst = (pids: ReadonlyArray<number>, last: number): ReadonlyArray<number> => {
  const age = (pid: number) => pid <= last ? last - pid : last - pid + PIDS
  return pids.toSorted((a, b) => age(a) - age(b))
}

const listed = (): ReadonlyArray<number> => {
  const pids = (nowOrGone(() => readdirSync("/proc")) ?? []).filter((name) => /^\d+$/.test(name)).map(Number)
  const last = Number(nowOrGone(() => readFileSync("/proc/loadavg", "latin1"))?.trim().split(" ").at(-1))
  return youngestFirst(pids, Number.isNaN(last) ? PIDS : last)
}

/** How many are looked at before others get their turn. */
const AT_ONCE = 32

const look = Effect.fnUntraced(function*(belongs: (seen: Sighting) => boolean, signal?: Signal) {
  const spared = elders()
  const found: Array<ProcessRow> = []
  let missed = 0
  const examine = (pid: number) => {
    const owner = nowOrGone(() => statSync(`/proc/${pid}`).uid)
    const stat = owner === process.getuid?.() ? statNow(pid) : undefined
    if (owner === undefined || (stat === undefined && owner === process.getuid?.())) missed++
    if (isDead(stat) || !belongs(sighting(stat))) return
    // Nothing waits between the look and the signal.
    if (signal !== undefined) nowOrGone(() => process.kill(pid, signal))
    found.push(rowOf(stat))
  }
  for (const [at, pid] of listed().entries()) {
    if (!spared.has(pid)) examine(pid)
    if (at % AT_ONCE === AT_ONCE - 1) yield* Effect.yieldNow
  }
  return { found, missed } satisfies Looked
})

const PIPE = /^(?:socket|pipe):/

const identify = (pid: number) => {
  const stat = statNow(pid)
  if (isDead(stat)) return undefined
  const stdio = [0, 1, 2].map((descriptor) => openEnd(pid, descriptor)).filter((end) => end !== undefined)
  return { row: rowOf(stat), stdio: stdio.filter((end) => PIPE.test(end)) }
}

export const layer: Layer.Layer<ProcessTable> = Layer.succeed(ProcessTable, {
  signalGroup: (pid, signal) => pid > 1 ? send(-pid, signal) : Effect.succeed(false),
  isAlive: (pid) => Effect.map(statOf(pid), (stat) => stat !== undefined),
  isStill: ({ pid, startTime }) => Effect.map(statOf(pid), (stat) => stat?.startTime === startTime),
  descendants,
  carrying: Effect.fnUntraced(function*(cookie) {
    const rows = yield* Effect.forEach(yield* pids, (pid) => markedProcess(pid, cookie), { concurrency: 16 })
    return rows.filter((row) => row !== undefined)
  }),
  workingIn,
  identify: (pid) => Effect.sync(() => identify(pid)),
  look,
  end
})
