/** What may be typed, and what agents may do, in any order. */
import * as fc from "fast-check"
import { phases } from "./Oracle.ts"

const words = [
  "start",
  "advance",
  "rework",
  "fail",
  "skip",
  "ask",
  "answer",
  "pause",
  "resume",
  "force",
  "cancel",
  "approve",
  "reject",
  "reject-to",
  "retry",
  "retry-from",
  "fork",
  "fork-from",
  "restart",
  "remove"
] as const
export type Word = (typeof words)[number]

export interface Said {
  readonly word: Word
  readonly run: number
  readonly phase: string
}

/** Mostly what keeps runs going; what ends one is said now and then. */
const weights: Partial<Record<Word, number>> = {
  advance: 9,
  approve: 5,
  ask: 4,
  answer: 4,
  rework: 6,
  pause: 4,
  resume: 4,
  retry: 5,
  "retry-from": 5,
  start: 1,
  fork: 1,
  "fork-from": 1,
  cancel: 1,
  skip: 1,
  reject: 2
}

export const said: fc.Arbitrary<Said> = fc.record({
  word: fc.oneof(...words.map((word) => ({ arbitrary: fc.constant(word), weight: weights[word] ?? 2 }))),
  run: fc.nat({ max: 2 }),
  phase: fc.constantFrom(...phases, "review", "nowhere")
})

/** How often each word was taken, and how often refused. */
export class Tally {
  readonly #counts = new Map<string, number>()

  note(word: Word, taken: boolean): void {
    const what = `${word} ${taken ? "taken" : "refused"}`
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  get unheard(): ReadonlyArray<string> {
    const always = new Set(["start refused", "restart refused"])
    return words.flatMap((word) => [`${word} taken`, `${word} refused`]).filter((what) =>
      !always.has(what) && !this.#counts.has(what)
    )
  }
}
