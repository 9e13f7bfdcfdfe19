/** Where in its file a character of a YAML text stands, through quotes, escapes and the indentation of blocks. */
import type { Place, YamlTree } from "./YamlTree.ts"

interface Walked {
  readonly text: string
  /** Of each character of `text`, its offset in the source. */
  readonly offsets: ReadonlyArray<number>
}

/** Escapes of double-quoted texts that stand for more than the character after the backslash. */
const escape = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[\s\S])/y
const plainEscapes: { readonly [letter: string]: string } = { n: "\n", t: "\t", "\"": "\"", "\\": "\\", "/": "/" }

const unescaped = (written: string): string => {
  if (written.length <= 2) return plainEscapes[written[1] ?? ""] ?? "\uFFFD"
  const code = Number.parseInt(written.slice(2), 16)
  return code > 0x10_FF_FF ? "\uFFFD" : String.fromCodePoint(code)
}

const walkQuoted = (source: string, quote: string): Walked => {
  const offsets: Array<number> = []
  let text = ""
  for (let at = 1; at < source.length - 1;) {
    let length = 1
    let character = source[at] ?? ""
    if (quote === "'" && source.startsWith("''", at)) length = 2
    if (quote === "\"" && character === "\\") {
      escape.lastIndex = at
      const written = escape.exec(source)?.[0] ?? character
      length = written.length
      character = unescaped(written)
    }
    text += character
    for (let unit = 0; unit < character.length; unit++) offsets.push(at)
    at += length
  }
  return { text, offsets }
}

const walkBlock = (source: string): Walked => {
  const [header = "", ...lines] = source.split("\n")
  const indent = Math.min(
    ...lines.filter((line) => line.trim() !== "").map((line) => line.length - line.trimStart().length)
  )
  const offsets: Array<number> = []
  let text = ""
  let at = header.length + 1
  for (const line of lines) {
    for (let column = indent; column < line.length; column++) {
      text += line[column]
      offsets.push(at + column)
    }
    text += "\n"
    offsets.push(at + line.length)
    at += line.length + 1
  }
  return { text, offsets }
}

const walk = (source: string): Walked => {
  const first = source[0] ?? ""
  if (first === "'" || first === "\"") return walkQuoted(source, first)
  if (first === "|" || first === ">") return walkBlock(source)
  return { text: source, offsets: Array.from(source, (_, at) => at) }
}

/** Line ends and what folds them aside: those are the same place to a reader. */
const alike = (left: string, right: string) => left.replaceAll(/\s/g, " ") === right.replaceAll(/\s/g, " ")

/** The beginning of the text when its characters cannot be found again, as after a variable was put in. */
export const placeInside = (tree: YamlTree, offset: number): Place => {
  if (tree._tag !== "Scalar" || typeof tree.value !== "string" || tree.source === undefined) return tree.at
  const { source, value } = tree
  const { offsets, text } = walk(source)
  const place = offsets[Math.min(offset, offsets.length - 1)]
  if (place === undefined || !alike(text.slice(0, offset + 1), value.slice(0, offset + 1))) return tree.at
  const before = source.slice(0, offset >= offsets.length ? place + 1 : place).split("\n")
  const column = before.at(-1)?.length ?? 0
  const lines = before.length - 1
  return lines === 0
    ? { ...tree.at, column: tree.at.column + column }
    : { ...tree.at, line: tree.at.line + lines, column: column + 1 }
}
