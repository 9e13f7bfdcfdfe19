/**
 * A small agent that really repairs programs: it reads examples such as "`sum([1, 2])` should be `3`" out of its prompt and
 * searches single-token changes of the JavaScript under `src/` until they hold. It knows nothing that is not in the prompt
 * or in the files. The demo drives it; any project can, with `prompt: stdin`.
 *
 * Output is what it tries, as it tries it; the last line is its decision, with the nonce that the prompt asked it to repeat.
 */
import { appendFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as pause } from "node:timers/promises"
import { parseArgs } from "node:util"
import { runInNewContext } from "node:vm"

interface Example {
  readonly expression: string
  readonly expected: string
}

interface Candidate {
  readonly source: string
  readonly change: string
}

const { values: options } = parseArgs({
  options: {
    /** Milliseconds to rest after each candidate, so that a person can watch. */
    pace: { type: "string", default: "0" },
    /** File that gets one line when an attempt begins and one when it ends. */
    ledger: { type: "string" }
  }
})

const say = (line: string) => process.stdout.write(`${line}\n`)

const examplesIn = (prompt: string): ReadonlyArray<Example> => {
  const found = new Map<string, Example>()
  for (const [, expression, expected] of prompt.matchAll(/`(\w+\([^`\n]*\))` should be `([^`\n]+)`/g)) {
    if (expression !== undefined && expected !== undefined) found.set(expression, { expression, expected })
  }
  return [...found.values()]
}

const holds = (source: string, example: Example): boolean => {
  const program = source.replaceAll(/^export (default )?/gm, "")
  const check = `${program}\n;JSON.stringify(${example.expression}) === JSON.stringify(${example.expected})`
  try {
    return runInNewContext(check, {}, { timeout: 200 }) === true
  } catch {
    // A candidate that does not even run does not hold: that is an answer, not a failure.
    return false
  }
}

const score = (source: string, examples: ReadonlyArray<Example>): number =>
  examples.filter((example) => holds(source, example)).length

const interchangeable = [
  ["+", "-", "*", "/"],
  ["<=", ">=", "<", ">"],
  ["===", "!=="],
  ["&&", "||"],
  ["floor", "ceil", "round"],
  ["min", "max"],
  ["0", "1", "2"]
]
const token = /===|!==|=>|<=|>=|&&|\|\||[<>+\-*/]|\b(?:floor|ceil|round|min|max|[012])\b/g

/** Every source that differs in one token, nearest to the start first. */
function* candidates(source: string): Generator<Candidate> {
  for (const match of source.matchAll(token)) {
    const line = source.slice(0, match.index).split("\n").length
    for (const other of interchangeable.find((group) => group.includes(match[0])) ?? []) {
      if (other === match[0]) continue
      yield {
        source: source.slice(0, match.index) + other + source.slice(match.index + match[0].length),
        change: `line ${line}: ${match[0]} -> ${other}`
      }
    }
  }
}

/** The first single change that makes more examples hold, again and again until none does. */
const repair = async (original: string, examples: ReadonlyArray<Example>): Promise<string> => {
  let best = original
  for (let improved = true; improved && score(best, examples) < examples.length;) {
    improved = false
    for (const candidate of candidates(best)) {
      await pause(Number(options.pace))
      const better = score(candidate.source, examples) > score(best, examples)
      say(`${better ? "better" : "tried "}  ${candidate.change}`)
      if (!better) continue
      best = candidate.source
      improved = true
      break
    }
  }
  return best
}

const sourceFiles = (): ReadonlyArray<string> =>
  readdirSync("src").filter((name) => /\.m?js$/.test(name)).toSorted().map((name) => join("src", name))

const defines = (source: string, example: Example): boolean =>
  new RegExp(`\\b${example.expression.split("(")[0]}\\b`).test(source)

const replaceFile = (path: string, content: string) => {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

const implement = async (examples: ReadonlyArray<Example>): Promise<string> => {
  const changed: Array<string> = []
  for (const path of sourceFiles()) {
    const source = readFileSync(path, "utf8")
    const about = examples.filter((example) => defines(source, example))
    say(`${path}: ${score(source, about)} of ${about.length} examples hold`)
    const repaired = await repair(source, about)
    if (repaired === source) continue
    replaceFile(path, repaired)
    changed.push(`${path} (${score(repaired, about)} of ${about.length} examples hold now)`)
  }
  return changed.length === 0 ? "nothing to change: every example of the prompt holds" : `changed ${changed.join(", ")}`
}

const plan = async (examples: ReadonlyArray<Example>): Promise<string> => {
  for (const { expected, expression } of examples) {
    await pause(Number(options.pace))
    say(`check that ${expression} gives ${expected}`)
  }
  return `make ${examples.length} example${
    examples.length === 1 ? "" : "s"
  } of the task hold, one token at a time, in ${sourceFiles().join(", ")}`
}

const field = (prompt: string, name: string): string =>
  new RegExp(`^${name}:[ \\t]*(\\S+)`, "mi").exec(prompt)?.[1] ?? ""

const record = (event: string, prompt: string) => {
  if (options.ledger === undefined) return
  const entry = {
    event,
    run: field(prompt, "run"),
    phase: field(prompt, "phase"),
    attempt: Number(field(prompt, "attempt"))
  }
  appendFileSync(options.ledger, `${JSON.stringify(entry)}\n`)
}

const main = async () => {
  const prompt = await text(process.stdin)
  // What earlier phases said may be quoted above; the one to repeat is asked for at the end.
  const nonce = [...prompt.matchAll(/"nonce":\s*"([^"]+)"/g)].at(-1)?.[1]
  record("began", prompt)
  const examples = examplesIn(prompt)
  say(`found ${examples.length} examples in the prompt`)
  const reason = examples.length === 0
    ? "the prompt gives no example of what is wrong"
    : field(prompt, "phase") === "plan"
    ? await plan(examples)
    : await implement(examples)
  record("ended", prompt)
  const verdict = examples.length === 0 ? "fail" : "advance"
  say(JSON.stringify({ kind: "phase_decision", nonce, verdict, confidence: 0.9, risk: "low", reason }))
}

await main()
