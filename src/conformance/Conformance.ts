/**
 * The conformance harness: starts a plugin as a host would, asks it everything the protocol says, and reports. It ends whatever
 * the plugin does: every wait has a deadline, every case has one, and every process it started is gone when it returns.
 */
import { Clock, Duration, Effect, Option } from "effect"
import { PROTOCOL_VERSION } from "../../schemas/JsonRpc.ts"
import { type Bench, kindsOf, makeBench, type Target } from "./Bench.ts"
import type { Case } from "./Case.ts"
import { generalCases, ownCases } from "./cases/General.ts"
import { lifecycleCases } from "./cases/Lifecycle.ts"
import { manifestCases } from "./cases/Manifest.ts"
import { seenCases, wireCases } from "./cases/Wire.ts"
import { Finding } from "./Finding.ts"
import { kindCases } from "./kinds/Kinds.ts"
import { PATIENCE } from "./Limits.ts"
import { makeNotes } from "./Notes.ts"
import type { CaseReport, Report } from "./Report.ts"

export interface ConformanceOptions {
  readonly target: Target
  /** Milliseconds for an answer that the protocol does not bound itself; 10 000. */
  readonly timeout?: number | undefined
  /** These cases, and what they need; ids, or groups such as `wire`. */
  readonly only?: ReadonlyArray<string> | undefined
  /** Marks the processes of this run among all others. */
  readonly cookie: string
}

/** Cases at once: starting a process keeps a core busy, waiting for one does not. */
const CONCURRENCY = 4
/** No case waits more often than this for the plugin's longest silence. */
const WAITS = 6

type Outcome = Pick<CaseReport, "status" | "reason" | "failure">

const failed = ({ got, says, sent }: Finding, one: Case): Outcome => ({
  status: "fail",
  failure: { ...(sent === undefined ? {} : { sent }), got, protocol_says: says ?? one.says }
})

const attempt = (one: Case, bench: Bench): Effect.Effect<Outcome> =>
  Effect.scoped(one.run(bench)).pipe(
    Effect.as<Outcome>({ status: "pass" }),
    Effect.timeoutOption(Duration.millis(bench.patience * WAITS)),
    Effect.map(Option.getOrElse((): Outcome =>
      failed(new Finding({ got: `it was not over after ${bench.patience * WAITS} ms` }), one)
    )),
    Effect.catchTags({
      Finding: (finding) =>
        Effect.succeed(failed(finding, one)),
      NotApplicable: ({ reason }) => Effect.succeed<Outcome>({ status: "skip", reason })
    })
  )

/** What does not pass in a process that other cases had is asked again of one of its own: no case answers for another. */
const outcomeOf = Effect.fnUntraced(function*(one: Case, bench: Bench) {
  let wasUsed = false
  const shared = Effect.tap(bench.shared, ({ used }) =>
    Effect.sync(() => {
      wasUsed ||= used
    }))
  const outcome = yield* attempt(one, { ...bench, shared })
  if (outcome.status === "pass" || !wasUsed) return outcome
  return yield* attempt(one, { ...bench, shared: Effect.map(bench.begun, (session) => ({ ...session, used: false })) })
})

const blocked = (one: Case, done: ReadonlyMap<string, CaseReport>): Outcome | undefined => {
  const need = one.needs?.find((id) => done.get(id)?.status !== "pass")
  return need === undefined ? undefined : { status: "skip", reason: `${need} did not pass` }
}

const runOne = Effect.fnUntraced(function*(one: Case, bench: Bench, done: Map<string, CaseReport>) {
  const began = yield* Clock.currentTimeMillis
  const outcome = blocked(one, done) ?? (yield* outcomeOf(one, bench))
  const { id, section, title } = one
  const duration_ms = (yield* Clock.currentTimeMillis) - began
  done.set(id, { id, title, section, duration_ms, ...outcome })
})

/** In waves: a case runs once all it needs is decided. What is needed and nowhere to be found counts as decided. */
const runAll = Effect.fnUntraced(function*(cases: ReadonlyArray<Case>, bench: Bench, done: Map<string, CaseReport>) {
  let left = cases
  while (left.length > 0) {
    const open = new Set(left.map(({ id }) => id))
    const ready = left.filter(({ needs = [] }) => !needs.some((id) => open.has(id)))
    const wave = ready.length === 0 ? left : ready
    yield* Effect.forEach(wave, (one) => runOne(one, bench, done), { concurrency: CONCURRENCY, discard: true })
    left = left.filter((one) => !wave.includes(one))
  }
})

const isNamed = (only: ReadonlyArray<string> | undefined, id: string): boolean =>
  only === undefined || only.some((name) => id === name || id.startsWith(`${name}.`))

/** Those that are asked for, and in front of them what they need. */
const selected = (cases: ReadonlyArray<Case>, only: ConformanceOptions["only"]): ReadonlyArray<Case> => {
  const wanted = new Set<string>()
  const add = (id: string): void => {
    if (wanted.has(id)) return
    wanted.add(id)
    for (const need of cases.find((one) => one.id === id)?.needs ?? []) add(need)
  }
  for (const { id } of cases) if (isNamed(only, id)) add(id)
  // What was seen can only be told after everything was asked.
  if (seenCases.some(({ id }) => wanted.has(id))) return cases
  return cases.filter(({ id }) => wanted.has(id))
}

const reportOf = (
  { target: { label } }: ConformanceOptions,
  { profile }: Bench,
  cases: ReadonlyArray<CaseReport>,
  duration_ms: number
): Report => {
  const count = (status: CaseReport["status"]) => cases.filter((one) => one.status === status).length
  const said = profile.manifest ?? profile.initialized?.plugin_info
  return {
    path: label,
    plugin: said === undefined ? null : { name: said.name, version: said.version, kinds: kindsOf(profile) },
    protocol_version: PROTOCOL_VERSION,
    summary: { passed: count("pass"), failed: count("fail"), skipped: count("skip"), duration_ms },
    cases
  }
}

export const examine = Effect.fn("Conformance.examine")(function*(options: ConformanceOptions) {
  const began = yield* Clock.currentTimeMillis
  const notes = makeNotes()
  const patience = options.timeout ?? PATIENCE
  const bench = yield* makeBench(options.target, notes, { cookie: options.cookie, patience })
  const done = new Map<string, CaseReport>()

  // What the plugin is must be known before it is known which cases there are.
  const first = [...manifestCases, ...lifecycleCases, ...wireCases, ...generalCases]
  const introduced = [...manifestCases, ...lifecycleCases].filter(({ id }) =>
    ["manifest.print", "manifest.fields", "lifecycle.handshake"].includes(id)
  )
  yield* runAll(introduced, bench, done)
  const kinds = kindCases(bench)
  const all = [...first, ...kinds, ...ownCases(bench, new Set(kinds.map(({ id }) => id)))]
  const chosen = selected([...all, ...seenCases], options.only)
  yield* runAll(chosen.filter((one) => !done.has(one.id) && !seenCases.includes(one)), bench, done)
  yield* runAll(chosen.filter((one) => seenCases.includes(one)), bench, done)

  const reports = chosen.flatMap(({ id }) => done.get(id) ?? [])
  return reportOf(options, bench, reports, (yield* Clock.currentTimeMillis) - began)
}, Effect.scoped)
