/** Benchmarks in processes of their own, which are this program once more. */
import { Effect, Pull, Queue, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import * as Path from "node:path"
import { Figure, figure, interleave, type Pair, type Part, type Rounds } from "./harness.ts"

export const Figures = Schema.fromJsonString(Schema.Array(Figure))

export const sides = ["ours", "baseline"] as const
export type SideName = typeof sides[number]

const again = (name: string, part: string, ...more: ReadonlyArray<string>) => [
  ...process.execArgv,
  Path.join(import.meta.dirname, "run.ts"),
  name,
  "--part",
  part,
  ...more
]

const whole = Effect.fnUntraced(function*(name: string, part: string) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const options = { stdin: "ignore", stderr: "inherit" } as const
  const child = yield* spawner.spawn(ChildProcess.make(process.execPath, again(name, part), options))
  const said = yield* Stream.mkString(Stream.decodeText(child.stdout))
  const code = yield* child.exitCode
  return code === 0
    ? yield* Schema.decodeEffect(Figures)(said)
    : yield* Effect.fail(`the benchmark ${name}, ${part}, ended with ${code}`)
}, Effect.scoped)

/** One round of a side: a line that asks for it, and a line with what it took. */
const roundOf = Effect.fnUntraced(function*(name: string, part: string, side: SideName) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const asked = yield* Queue.bounded<string>(1)
  const stdin = Stream.encodeText(Stream.fromQueue(asked))
  const child = yield* spawner.spawn(
    ChildProcess.make(process.execPath, again(name, part, "--side", side), { stdin, stderr: "inherit" })
  )
  const answers = yield* Stream.toPull(Stream.splitLines(Stream.decodeText(child.stdout)))
  const ended = Effect.fail(`the benchmark ${name}, ${part}, ended in the middle of a round of ${side}`)
  return Effect.andThen(
    Queue.offer(asked, "\n"),
    Effect.map(Pull.catchDone(answers, () => ended), ([taken]) => Number(taken))
  )
})

const life = Effect.fnUntraced(function*(name: string, part: string, rounds: Rounds) {
  const [ours, baseline] = [yield* roundOf(name, part, "ours"), yield* roundOf(name, part, "baseline")]
  return yield* interleave(rounds, { name: "ours", round: ours }, { name: "baseline", round: baseline })
}, Effect.scoped)

const inTurn = Effect.fnUntraced(
  function*(name: string, part: string, { baseline, ours, rounds, target, unit }: Pair) {
    const taken = yield* Effect.replicateEffect(life(name, part, rounds), rounds.lives)
    const samples = (side: SideName) => taken.flatMap((one) => one[side].samples)
    return [
      figure(
        unit,
        { name: ours.name, samples: samples("ours") },
        { name: baseline.name, samples: samples("baseline") },
        target
      )
    ]
  }
)

export const measured = (name: string, part: string, how: Part) =>
  Effect.isEffect(how) ? whole(name, part) : inTurn(name, part, how)
