/** ProcessTable over `/proc`. Elsewhere nothing can be told apart safely: lists are empty and no stranger is signalled. */
import { Effect, Layer } from "effect"
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs"
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

/**
 * A process may end between being listed and being read: it is gone then, which is an answer. Nothing here waits: what lives
 * for milliseconds has to be met while it is there.
 */
const orGone = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** In UTF-8, which Node reads twice as fast as any other encoding where a file does not say how long it is. */
const textOf = (path: string): string | undefined => orGone(() => readFileSync(path, "utf8"))

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

/** Dead ones included, until somebody has waited for them. */
const readStat = (pid: number): Stat | undefined => {
  const text = textOf(`/proc/${pid}/stat`)
  return text === undefined ? undefined : parseStat(pid, text)
}

const statOf = (pid: number): Stat | undefined => {
  const stat = readStat(pid)
  return isDead(stat) ? undefined : stat
}

const rowOf = ({ command, pid, startTime }: Stat): ProcessRow => ({ pid, startTime, command })

const pids = (): ReadonlyArray<number> =>
  (orGone(() => readdirSync("/proc")) ?? []).filter((name) => /^\d+$/.test(name)).map(Number)

const ownerOf = (pid: number): number | undefined => orGone(() => statSync(`/proc/${pid}`).uid)
const isOwn = (pid: number): boolean => ownerOf(pid) === process.getuid?.()

/** How many are looked at before others get their turn. */
const AT_ONCE = 32

const inTurns = Effect.fnUntraced(function*(pids: ReadonlyArray<number>, each: (pid: number) => void) {
  for (const [at, pid] of pids.entries()) {
    each(pid)
    if (at % AT_ONCE === AT_ONCE - 1) yield* Effect.yieldNow
  }
})

const among = <A>(read: (pid: number) => A | undefined): Effect.Effect<ReadonlyArray<A>> =>
  Effect.suspend(() => {
    const found: Array<A> = []
    const each = (pid: number) => {
      const one = read(pid)
      if (one !== undefined) found.push(one)
    }
    return Effect.as(inTurns(pids(), each), found)
  })

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

const markOf = (pid: number): Mark | undefined => markIn(textOf(`/proc/${pid}/environ`) ?? "")

const markedProcess = (pid: number, cookie: string): MarkedProcess | undefined => {
  if (pid === process.pid || !isOwn(pid)) return undefined
  const mark = markOf(pid)
  const stat = mark?.cookie === cookie ? statOf(pid) : undefined
  return mark && stat && { ...rowOf(stat), generation: mark.generation, plugin: mark.plugin }
}

/** False when nobody is there to be signalled, or it is not ours to signal. */
const send = (target: number, signal: Signal) =>
  Effect.try(() => process.kill(target, signal)).pipe(Effect.orElseSucceed(() => false))

const descendants = Effect.fnUntraced(function*(pid: number) {
  const children = Map.groupBy(yield* among(statOf), (stat) => stat.parent)
  const below = (parent: number): ReadonlyArray<Stat> =>
    (children.get(parent) ?? []).flatMap((child) => [child, ...below(child.pid)])
  return below(pid).map(rowOf)
})

const worksIn = (pid: number, folder: string): boolean => {
  const cwd = orGone(() => readlinkSync(`/proc/${pid}/cwd`))
  return cwd !== undefined && (cwd === folder || cwd.startsWith(`${folder}/`))
}

const workingIn = (folder: string) =>
  among((pid) => {
    const stat = isOwn(pid) && worksIn(pid, folder) ? statOf(pid) : undefined
    return stat && rowOf(stat)
  })

const isStill = ({ pid, startTime }: ProcessRow) => statOf(pid)?.startTime === startTime

const end = (row: ProcessRow, signal: Signal) =>
  Effect.suspend(() => isStill(row) ? send(row.pid, signal) : Effect.succeed(false))

const limitOf = (pid: number): number | undefined => {
  const limits = textOf(`/proc/${pid}/limits`) ?? ""
  const soft = /^Max file locks\s+(\d+)/m.exec(limits)?.[1]
  return soft === undefined ? undefined : Number(soft)
}

const openEnd = (pid: number, descriptor: string | number): string | undefined =>
  orGone(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`))

const openEnds = (pid: number): ReadonlyArray<string> =>
  (orGone(() => readdirSync(`/proc/${pid}/fd`)) ?? []).map((descriptor) => openEnd(pid, descriptor) ?? "")

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
    mark: once(() => markOf(pid)),
    limit: once(() => limitOf(pid)),
    holds: (ends) => held().some((end) => ends.includes(end))
  }
}

/** A signal for whom this process descends from would end this one with it. */
const elders = (): ReadonlySet<number> => {
  const found = new Set([process.pid])
  for (let pid = process.ppid; pid > 0 && !found.has(pid); pid = readStat(pid)?.parent ?? 0) found.add(pid)
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
  const last = Number(textOf("/proc/loadavg")?.trim().split(" ").at(-1))
  return youngestFirst(pids(), Number.isNaN(last) ? PIDS : last)
}

const look = Effect.fnUntraced(function*(belongs: (seen: Sighting) => boolean, signal?: Signal) {
  const spared = elders()
  const found: Array<ProcessRow> = []
  let missed = 0
  const examine = (pid: number) => {
    if (spared.has(pid)) return
    const owner = ownerOf(pid)
    const own = owner === process.getuid?.()
    const stat = own ? readStat(pid) : undefined
    if (owner === undefined || (own && stat === undefined)) missed++
    if (isDead(stat) || !belongs(sighting(stat))) return
    // Nothing waits between the look and the signal.
    if (signal !== undefined) orGone(() => process.kill(pid, signal))
    found.push(rowOf(stat))
  }
  yield* inTurns(listed(), examine)
  return { found, missed } satisfies Looked
})

const PIPE = /^(?:socket|pipe):/

const identify = (pid: number) => {
  const stat = statOf(pid)
  if (stat === undefined) return undefined
  const stdio = [0, 1, 2].map((descriptor) => openEnd(pid, descriptor)).filter((end) => end !== undefined)
  return { row: rowOf(stat), stdio: stdio.filter((end) => PIPE.test(end)) }
}

export const layer: Layer.Layer<ProcessTable> = Layer.succeed(ProcessTable, {
  signalGroup: (pid, signal) => pid > 1 ? send(-pid, signal) : Effect.succeed(false),
  isAlive: (pid) => Effect.sync(() => statOf(pid) !== undefined),
  isStill: (row) => Effect.sync(() => isStill(row)),
  descendants,
  carrying: (cookie) => among((pid) => markedProcess(pid, cookie)),
  workingIn,
  identify: (pid) => Effect.sync(() => identify(pid)),
  look,
  end
})
