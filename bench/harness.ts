/**
 * What every benchmark shares: ours and the baseline take turns on one machine, so that a slow moment hits
 * both; medians of the rounds are reported, with the least and the greatest beside them as the machine's noise.
 */
import { Effect, Schema, type Scope } from "effect"
import * as Os from "node:os"

/** One round: how much of the unit it measured, or several measures of it. */
export interface Side<E, R, A = number> {
  readonly name: string
  readonly round: Effect.Effect<A, E, R>
}

export interface Sampled {
  readonly name: string
  readonly samples: ReadonlyArray<number>
}

/** What is asked of a figure: of its own value, or of its ratio to the baseline. */
export interface Target {
  readonly of: "value" | "ratio"
  readonly is: "at least" | "at most" | "under"
  readonly limit: number
}

const Measured = Schema.Struct({
  name: Schema.String,
  value: Schema.Finite,
  /** The least and the greatest. */
  range: Schema.Tuple([Schema.Finite, Schema.Finite])
})
type Measured = typeof Measured.Type

export const Figure = Schema.Struct({
  ...Measured.fields,
  unit: Schema.String,
  rounds: Schema.Int,
  baseline: Measured,
  /** The median of the rounds' own ratios, which a machine that slows down for a while does not shift. Null over zero. */
  ratio: Schema.NullOr(Schema.Finite),
  target: Schema.NullOr(Schema.String),
  met: Schema.NullOr(Schema.Boolean)
})
export type Figure = typeof Figure.Type

export interface Report {
  readonly name: string
  readonly machine: { readonly node: string; readonly cpus: number }
  readonly figures: ReadonlyArray<Figure>
}

export interface Rounds {
  readonly rounds: number
  readonly warmUp: number
}

export interface Lives extends Rounds {
  /** Processes of each side, one after the other: where one lies in memory may slow it down for as long as it lives. */
  readonly lives: number
}

/** What stands against another: made once, measured round by round. */
export interface Entrant {
  readonly name: string
  readonly round: Effect.Effect<Effect.Effect<number, unknown>, unknown, Scope.Scope>
}

/** Each of the two in a process of its own, so that neither runs what V8 made of the other's code. */
export interface Pair {
  readonly unit: string
  readonly target?: Target | undefined
  readonly rounds: Lives
  readonly ours: Entrant
  readonly baseline: Entrant
}

export type Part = Pair | Effect.Effect<ReadonlyArray<Figure>, unknown>

export interface Benchmark {
  readonly summary: string
  /** Each in a process of its own, in this order. */
  readonly parts: Readonly<Record<string, Part>>
}

export const median = (samples: ReadonlyArray<number>): number => {
  const sorted = samples.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]]
  return (low + high) / 2
}

/** The least of the samples that `share` of all are not above. */
export const percentile = (samples: ReadonlyArray<number>, share: number): number =>
  samples.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(samples.length * share) - 1)] ?? Number.NaN

/** Four digits: more would pretend to a precision that no machine has. */
const rounded = (value: number): number => Number(value.toPrecision(4))

const measured = ({ name, samples }: Sampled): Measured => ({
  name,
  value: rounded(median(samples)),
  range: [rounded(Math.min(...samples)), rounded(Math.max(...samples))]
})

const holds = ({ is, limit }: Target, actual: number | null): boolean | null => {
  if (actual === null) return null
  return is === "at least" ? actual >= limit : is === "at most" ? actual <= limit : actual < limit
}

const SIGN = { "at least": ">=", "at most": "<=", under: "<" } as const

/** Each round against the one beside it; against the median where the baseline was measured on its own. */
const ratioOf = (ours: ReadonlyArray<number>, baseline: ReadonlyArray<number>): number | null => {
  const paired = ours.length === baseline.length ? baseline : ours.map(() => median(baseline))
  const ratio = median(ours.map((value, round) => value / (paired[round] ?? Number.NaN)))
  return Number.isFinite(ratio) ? rounded(ratio) : null
}

export const figure = (unit: string, ours: Sampled, baseline: Sampled, target?: Target): Figure => {
  const ratio = ratioOf(ours.samples, baseline.samples)
  return {
    ...measured(ours),
    unit,
    rounds: ours.samples.length,
    baseline: measured(baseline),
    ratio,
    target: target === undefined ? null : `${target.of} ${SIGN[target.is]} ${target.limit}`,
    met: target === undefined ? null : holds(target, target.of === "ratio" ? ratio : median(ours.samples))
  }
}

/**
 * With none of the other's young garbage, which would cost whoever runs when it is collected. A whole collection would also
 * throw away what V8 has learnt about the side that did not run lately.
 */
const alone = <A, E, R>(round: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    globalThis.gc?.({ type: "minor" })
    return round
  })

/** Rounds of both in turn; who goes first changes, so that neither always runs on the other's leftovers. */
export const interleave = Effect.fnUntraced(function*<E, R, E2, R2, A = number>(
  options: Rounds,
  ours: Side<E, R, A>,
  baseline: Side<E2, R2, A>
) {
  const taken = { ours: new Array<A>(), baseline: new Array<A>() }
  for (let round = -options.warmUp; round < options.rounds; round++) {
    const first = round % 2 === 0
    const early = yield* first ? alone(ours.round) : alone(baseline.round)
    const late = yield* first ? alone(baseline.round) : alone(ours.round)
    if (round < 0) continue
    taken.ours.push(first ? early : late)
    taken.baseline.push(first ? late : early)
  }
  return {
    ours: { name: ours.name, samples: taken.ours },
    baseline: { name: baseline.name, samples: taken.baseline }
  }
})

/** Milliseconds of each of `count`, one after the other. */
export const eachOf = Effect.fnUntraced(
  function*<E, R>(count: number, one: (index: number) => Effect.Effect<unknown, E, R>) {
    const taken: Array<number> = []
    for (let index = 0; index < count; index++) {
      const since = performance.now()
      yield* one(index)
      taken.push(performance.now() - since)
    }
    return taken
  }
)

/** For what has nothing to be compared with. */
export const nothing: Sampled = { name: "nothing", samples: [0] }

/** How many milliseconds it takes. */
export const millis = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.map(effect, () => performance.now() - start)
  })

/** How many a second, when it does `count` of them. */
export const perSecond = <A, E, R>(count: number, effect: Effect.Effect<A, E, R>): Effect.Effect<number, E, R> =>
  Effect.map(millis(effect), (taken) => count * 1000 / taken)

/** Whole numbers from a hundred on; below, three digits. */
const shown = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)))

const side = ({ name, range: [least, greatest], value }: Measured, unit: string) =>
  `${shown(value)} ${unit} (${shown(least)} - ${shown(greatest)})  ${name}`

export const machine: Report["machine"] = { node: process.version, cpus: Os.availableParallelism() }

export const render = ({ figures, name }: Report, summary: string): string =>
  [
    `${name}: ${summary}`,
    ...figures.flatMap((figure) => [
      `  ${side(figure, figure.unit)}`,
      `    against ${side(figure.baseline, figure.unit)}`,
      `    ratio ${figure.ratio ?? "-"}` +
      (figure.target === null ? "" : `, target ${figure.target}: ${figure.met === true ? "met" : "MISSED"}`)
    ])
  ].join("\n")
