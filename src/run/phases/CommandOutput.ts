/** What is kept of a command's output: its beginning and its end, and the few lines that say what went wrong. Pure. */
import type { Captured } from "../../../schemas/PhaseLaunch.ts"

const HEAD = 32_768
const TAIL = 131_072

export const nothingCaptured: Captured = { head: "", tail: "", dropped: 0 }

export const capture = ({ dropped, head, tail }: Captured, text: string): Captured => {
  const room = HEAD - head.length
  const end = tail + text.slice(room)
  const over = Math.max(0, end.length - TAIL)
  return { head: head + text.slice(0, room), tail: end.slice(over), dropped: dropped + over }
}

export const textOf = ({ dropped, head, tail }: Captured): string =>
  dropped === 0 ? head + tail : `${head}\n… ${dropped} characters left out …\n${tail}`

// oxlint-disable-next-line no-control-regex -- colour codes are what is looked for
const COLOURS = /\u001b\[[0-9;?]*[A-Za-z]/g
const TELLING =
  /\b(?:not ok|fail(?:ed|ure|ures|ing)?|error|panic(?:ked)?|exception|traceback|assert\w*|expected|actual|received)\b|✖|✗|×/i
const REASSURING = /\b(?:0 (?:failed|failures|errors)|(?:fail|failed|failures|errors):? 0)\b/i

/** Lines before and after a telling one that explain it. */
const AROUND = 2

const usually = (line: string): boolean => TELLING.test(line) && !REASSURING.test(line)

const telling = (lines: ReadonlyArray<string>, isTelling: (line: string) => boolean): ReadonlyArray<string> => {
  const kept = new Set<number>()
  lines.forEach((line, at) => {
    if (!isTelling(line)) return
    for (let near = Math.max(0, at - AROUND); near <= Math.min(lines.length - 1, at + AROUND); near++) kept.add(near)
  })
  return lines.filter((_, at) => kept.has(at))
}

const clip = (text: string, limit: number, from: "start" | "end") => {
  if (text.length <= limit) return text
  if (limit <= 1) return ""
  return from === "start" ? `${text.slice(0, limit - 1)}…` : `…${text.slice(text.length - limit + 1)}`
}

/** Of a failure the telling lines, those of the pattern if there is one, first ones first; of a success, or when nothing is telling, the end. */
export const excerpt = (output: string, limit: number, failed: boolean, pattern?: string): string => {
  const plain = output.replace(COLOURS, "").trim()
  if (plain.length <= limit || !failed) return clip(plain, limit, "end")
  const own = pattern === undefined ? undefined : new RegExp(pattern, "u")
  const lines = telling(plain.split("\n"), own === undefined ? usually : (line) => own.test(line))
  return lines.length === 0 ? clip(plain, limit, "end") : clip(lines.join("\n"), limit, "start")
}
