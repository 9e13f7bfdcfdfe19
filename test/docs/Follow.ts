/**
 * Follows a document as a reader would: writes the files it shows, types the commands it shows, and compares what comes. In
 * what a block shows, `…` stands for anything, alone on a line for any lines; `[n]` is an exit code; RUN is the newest run's id.
 */
import { assert } from "vitest"
import type { Sandbox } from "./Sandbox.ts"
import { placeOf, type Snippet } from "./Snippets.ts"

interface Step {
  readonly place: string
  readonly command: string
  readonly code: number
  /** Undefined when the block shows commands only. */
  readonly shown: string | undefined
}

/** A block of `sh` is commands alone, one a line; each must succeed. */
const commandsIn = (snippet: Snippet): ReadonlyArray<Step> =>
  snippet.text.split("\n").filter((line) => line.trim() !== "").map((command) => ({
    place: placeOf(snippet),
    command,
    code: 0,
    shown: undefined
  }))

/** A block of `console` shows after each `$ command` all that it printed. */
const dialogueIn = (snippet: Snippet): ReadonlyArray<Step> =>
  snippet.text.split(/^\$ /m).slice(1).map((part) => {
    const [command = "", ...shown] = part.trimEnd().split("\n")
    const code = /^\[(\d+)\]$/.exec(shown.at(-1) ?? "")?.[1]
    return {
      place: placeOf(snippet),
      command,
      code: Number(code ?? 0),
      shown: (code === undefined ? shown : shown.slice(0, -1)).join("\n")
    }
  })

export const stepsOf = (snippet: Snippet): ReadonlyArray<Step> => {
  switch (snippet.language) {
    case "sh":
      return commandsIn(snippet)
    case "console":
      return dialogueIn(snippet)
    default:
      return []
  }
}

const literally = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")

/** Alignment is not what a document promises: any run of spaces stands for any other. */
const pattern = (shown: string): RegExp =>
  new RegExp(
    `^${
      shown.split("\n").map((line) =>
        line === "…"
          ? "(?:.*\\n)*?"
          : `${literally(line.trim()).replaceAll("…", ".*").replaceAll(/ +/g, " *")}\\n`
      ).join("")
    }$`
  )

export const matches = (shown: string, output: string): boolean =>
  pattern(shown).test(output.trim() === "" ? "\n" : `${output.trimEnd().replaceAll(/^ +| +$/gm, "")}\n`)

const streams = (command: string) => / -f\b/.test(command)

const perform = async (sandbox: Sandbox, { code, command, place, shown }: Step, run: string) => {
  const typed = command.replaceAll(/\bRUN\b/g, run)
  const finished = await (streams(typed) ? sandbox.watch(typed) : sandbox.type(typed))
  assert.strictEqual(finished.code, code, `${place}: ${typed}\n${finished.output}`)
  const newest = /^started run (\S+)$/m.exec(finished.output)?.[1] ?? run
  const expected = shown?.replaceAll(/\bRUN\b/g, newest)
  if (expected !== undefined && !matches(expected, finished.output)) {
    assert.strictEqual(finished.output, expected, `${place}: ${typed}`)
  }
  return newest
}

/** One command after the other, in the order of the document. */
export const follow = async (
  sandbox: Sandbox,
  snippets: ReadonlyArray<Snippet>,
  edit: (snippet: Snippet) => string = ({ text }) => text,
  before: (command: string) => void = () => {}
): Promise<void> => {
  let run = "RUN"
  for (const snippet of snippets) {
    if (snippet.file !== undefined) sandbox.write(snippet.file, edit(snippet))
    for (const step of stepsOf(snippet)) {
      before(step.command)
      run = await perform(sandbox, step, run)
    }
  }
}
