/**
 * Random lives of one plugin that does as it is told: started, called, given up on, crashed, stalled and restarted in any
 * order. `live` leads one of them and gives back what its callers and owners got; `judge` says what of it should not be.
 */
import { Clock, Effect, Exit, Fiber, Option, Scope, Stream } from "effect"
import * as fc from "fast-check"
import type { PluginEvent, PluginHost } from "../../../src/plugin/PluginHost.ts"

export type Ending = "answer" | "crash" | "silence"

export type Step =
  | { readonly do: "spawn" }
  | { readonly do: "call"; readonly notes: number; readonly ending: Ending; readonly deadline: number }
  | { readonly do: "cancel"; readonly which: number }
  | { readonly do: "crash" }
  | { readonly do: "stall"; readonly millis: number }
  | { readonly do: "restart" }
  | { readonly do: "wait"; readonly millis: number }

/** Milliseconds; no call waits longer than `deadline`. */
export interface Pace {
  readonly deadline: number
  readonly wait: number
}

/** `rough`: it crashes more often than not, and nobody gives it its budget back. */
const stepAt = ({ deadline, wait }: Pace, rough: boolean): fc.Arbitrary<Step> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant<Step>({ do: "spawn" }) },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant("call" as const),
        notes: fc.integer({ min: 0, max: 200 }),
        ending: fc.constantFrom<Ending>("answer", "answer", "answer", "silence", "crash"),
        deadline: fc.integer({ min: 1, max: deadline })
      })
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel" as const), which: fc.nat(20) }) },
    { weight: rough ? 8 : 2, arbitrary: fc.constant<Step>({ do: "crash" }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("stall" as const), millis: fc.nat(wait) }) },
    { weight: rough ? 0 : 1, arbitrary: fc.constant<Step>({ do: "restart" }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("wait" as const), millis: fc.nat(wait) }) }
  )

/** The same for the same seed, on every machine. */
export const sequences = (pace: Pace, seed: number, numRuns: number): ReadonlyArray<ReadonlyArray<Step>> =>
  fc.sample(
    fc.boolean().chain((rough) => fc.array(stepAt(pace, rough), { minLength: 5, maxLength: 60, size: "max" })),
    { seed, numRuns }
  )

export interface Called {
  readonly step: Extract<Step, { readonly do: "call" }>
  /** The process that its owner was with from before the call was made; undefined when there was none. */
  pid: number | undefined
  readonly notes: Array<unknown>
  exit: Exit.Exit<unknown, { readonly _tag: string }> | undefined
  millis: number
  cancelled: boolean
}

export type Happened = PluginEvent | { readonly kind: "told to restart" } | { readonly kind: "healthy minute" }

export interface Life {
  readonly calls: Array<Called>
  readonly happened: Array<Happened>
}

const PLUGIN = "demo"
const HEALTHY = 60_000

const paramsOf = (params: unknown): Readonly<Record<string, unknown>> =>
  typeof params === "object" && params !== null ? { ...params } : {}

const record = Effect.fnUntraced(function*(host: PluginHost["Service"], life: Life) {
  let since = Infinity
  yield* host.events.pipe(
    Stream.runForEach((event) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (event.kind === "started") since = now
        else if (now - since >= HEALTHY) life.happened.push({ kind: "healthy minute" })
        life.happened.push(event)
      })
    ),
    Effect.forkScoped
  )
})

/** An owner for this call alone, in a scope that outlives the host: what it was given is its own. */
const owned = Effect.fnUntraced(
  function*(host: PluginHost["Service"], called: Called, call: number, scope: Scope.Scope) {
    const mine = ({ method, params }: { method: string; params?: unknown }) =>
      method === "note" && paramsOf(params)["call"] === call
    const stream = yield* Scope.provide(host.own(PLUGIN, mine), scope)
    yield* stream.pipe(
      Stream.runForEach((batch) =>
        Effect.sync(() => called.notes.push(...batch.map(({ params }) => paramsOf(params)["n"])))
      ),
      // It ends with the process.
      Effect.ignore,
      Effect.forkIn(scope)
    )
  }
)

type Lead = Effect.Success<ReturnType<typeof leader>>

const leader = Effect.fnUntraced(function*(host: PluginHost["Service"], life: Life, owners: Scope.Scope) {
  const open: Array<Fiber.Fiber<unknown, unknown>> = []
  const call = Effect.fnUntraced(function*(step: Called["step"]) {
    const called: Called = { step, pid: undefined, notes: [], exit: undefined, millis: 0, cancelled: false }
    const number = life.calls.push(called)
    const { deadline: timeout, ending, notes } = step
    const asked = Effect.gen(function*() {
      const owner = Effect.timeout(owned(host, called, number, owners), timeout)
      // Without a process there is nothing to own: the call is made all the same.
      if (Option.isSome(yield* Effect.option(owner))) {
        called.pid = (yield* host.status(PLUGIN)).pid
      }
      const since = yield* Clock.currentTimeMillis
      return yield* Effect.onExit(
        host.call(PLUGIN, "work", { call: number, notes, ending }, { timeout }),
        (exit) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            called.exit = exit
            called.millis = now - since
          })
      )
    })
    const fiber = yield* Effect.forkChild(asked)
    open.push(fiber)
  })
  const cancel = (which: number) => {
    const at = life.calls.length === 0 ? 0 : which % life.calls.length
    const [called, fiber] = [life.calls[at], open[at]]
    if (called === undefined || fiber === undefined || called.exit !== undefined) return Effect.void
    called.cancelled = true
    return Fiber.interrupt(fiber)
  }
  return { open, call, cancel }
})

/** What is said to a plugin that may be gone, or be disabled; nobody waits for it. */
const say = (host: PluginHost["Service"], method: string, params: unknown) =>
  Effect.forkChild(Effect.timeoutOption(Effect.ignore(host.notify(PLUGIN, method, params)), "5 seconds"))

/** Told at its beginning and its end: what ran until then may have crashed in between. */
const retell = (host: PluginHost["Service"], life: Life) => {
  const told = Effect.sync(() => life.happened.push({ kind: "told to restart" }))
  return Effect.andThen(told, Effect.ensuring(host.restart(PLUGIN, "it was told to"), told))
}

const follow = (
  host: PluginHost["Service"],
  life: Life,
  lead: Lead,
  pause: (millis: number) => Effect.Effect<void>
) =>
(step: Step): Effect.Effect<unknown> => {
  switch (step.do) {
    case "spawn":
      return Effect.forkChild(Effect.exit(host.initialized(PLUGIN)))
    case "call":
      return lead.call(step)
    case "cancel":
      return lead.cancel(step.which)
    case "crash":
    case "stall":
      return say(host, step.do, step.do === "stall" ? { millis: step.millis } : {})
    case "restart":
      return Effect.forkChild(retell(host, life))
    case "wait":
      return pause(step.millis)
  }
}

/** To the end of its last call. `pause` lets time pass, of whatever clock. */
export const live = Effect.fnUntraced(function*(
  host: PluginHost["Service"],
  steps: ReadonlyArray<Step>,
  owners: Scope.Scope,
  pause: (millis: number) => Effect.Effect<void>,
  pace: Pace
) {
  const life: Life = { calls: [], happened: [] }
  yield* record(host, life)
  const lead = yield* leader(host, life, owners)
  yield* Effect.forEach(steps, follow(host, life, lead, pause), { discard: true })
  // For an owner and for an answer; what is open after that is found by who judges.
  yield* pause(2 * pace.deadline)
  return life
}, Effect.scoped)

const judgeCall = ({ cancelled, exit, millis, notes, pid, step }: Called, grace: number): ReadonlyArray<string> => {
  const what = JSON.stringify(step)
  if (exit === undefined) return cancelled ? [] : [`${what} never ended`]
  const faults: Array<string> = []
  if (millis > step.deadline + grace) faults.push(`${what} took ${millis} ms`)
  if (notes.some((n, at) => n !== at)) faults.push(`${what} had its notes out of order: ${notes.join(" ")}`)
  if (Exit.isSuccess(exit)) {
    if (exit.value === pid && notes.length !== step.notes) faults.push(`${what} brought ${notes.length} notes`)
    if (step.ending !== "answer") faults.push(`${what} was answered`)
  } else if (!cancelled && !exit.cause.reasons.every(({ _tag }) => _tag === "Fail")) {
    faults.push(`${what} ended without a typed error: ${String(exit.cause)}`)
  }
  return faults
}

const RESTARTS = 5

/** One start and five restarts, after 1, 2, 4, 8 and 16 seconds, until it was healthy for a minute or somebody asked. */
const judgeRestarts = (happened: ReadonlyArray<Happened>): ReadonlyArray<string> => {
  const faults: Array<string> = []
  let restarts = 0
  let whole = false
  for (const event of happened) {
    if (event.kind === "told to restart" || event.kind === "healthy minute") whole = true
    else if (event.kind === "restart") {
      const { attempt, delay_ms } = event
      if (attempt === 1 && whole) whole = false
      else if (attempt !== restarts + 1) {
        faults.push(`restart ${attempt} followed restart ${restarts} of ${JSON.stringify(happened)}`)
      }
      if (attempt > RESTARTS) faults.push(`restart ${attempt} is beyond the budget`)
      if (delay_ms !== 1000 * 2 ** (attempt - 1)) faults.push(`restart ${attempt} waited ${delay_ms} ms`)
      restarts = attempt
    } else if (event.kind === "crashed" && event.restarts !== RESTARTS) {
      faults.push(`it was disabled after ${event.restarts} restarts`)
    }
  }
  return faults
}

/** `grace`: how far behind its deadline a call may end, for the machine's sake. */
export const judge = ({ calls, happened }: Life, grace: number): ReadonlyArray<string> => [
  ...calls.flatMap((called) => judgeCall(called, grace)),
  ...judgeRestarts(happened)
]
