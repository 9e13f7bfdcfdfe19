/**
 * Makes JSON values of lines.
 *
 * `strictFrames`: one JSON value per line, anything else is reported. `tolerantFrames` also takes what programs that were not
 * written for this wire print: objects spread over many lines, several objects on one line, prose in between. It never
 * loses a frame that stands on a line of its own: such a frame ends whatever was left open before it.
 */
import type { Json, JsonObject } from "../../schemas/Json.ts"
import { MAX_FRAME_BYTES } from "./LineSplitter.ts"

export type GarbageKind = "not-json" | "too-deep" | "too-large" | "not-a-frame" | "stray-answer"

/** Something that arrived and is no frame; `text` is how it begins. */
export interface Garbage {
  readonly kind: GarbageKind
  readonly text: string
}

export interface FrameSink {
  readonly frame: (value: Json) => void
  readonly garbage: (garbage: Garbage) => void
}

export interface FrameAssembler {
  readonly line: (text: string) => void
  /** Takes `text` if it is, or completes, one whole frame; false leaves everything as it was. */
  readonly complete: (text: string) => boolean
  /** The stream ended: what is still open will never be whole. */
  readonly end: () => void
}

/** Deeper values are refused: everything that walks a value later may recurse. */
export const MAX_DEPTH = 512
const SHOWN_CHARS = 200

export const garbage = (kind: GarbageKind, text: string): Garbage => ({ kind, text: text.slice(0, SHOWN_CHARS) })

const parse = (text: string): Json | undefined => {
  try {
    const value: Json = JSON.parse(text)
    return value
  } catch {
    // Not JSON is an answer here, not a failure: the caller reports it or waits for more lines.
    return undefined
  }
}

const OPENING_BRACE = 123
const QUOTE = 34
const BACKSLASH = 92
const isOpening = (code: number) => code === OPENING_BRACE || code === 91
const isClosing = (code: number) => code === 125 || code === 93
const isSpace = (code: number) => code === 32 || code === 9 || code === 13 || code === 10
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** No place at all: the text ends before the string does. */
const IN_STRING = -1

const isEscaped = (text: string, at: number): boolean => {
  let before = at
  while (text.charCodeAt(before - 1) === BACKSLASH) before--
  return (at - before) % 2 === 1
}

/** Where a string ends whose quote stands before `from`. */
const endOfString = (text: string, from: number): number => {
  let at = text.indexOf("\"", from)
  while (at !== -1 && isEscaped(text, at)) at = text.indexOf("\"", at + 1)
  return at === -1 ? IN_STRING : at
}

/** Where the next bracket stands, strings aside: the length of the text when there is none, `IN_STRING` when one stays open. */
const nextBracket = (text: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(text, at + 1)
      if (at === IN_STRING) return IN_STRING
    } else if (isOpening(code) || isClosing(code)) return at
  }
  return text.length
}

/** How deep a text that begins at `depth` ends, and the deepest it goes. */
const nesting = (text: string, depth: number) => {
  let ends = depth
  let deepest = depth
  let at = nextBracket(text, 0)
  while (at !== IN_STRING && at < text.length) {
    if (isOpening(text.charCodeAt(at))) deepest = Math.max(deepest, ++ends)
    else ends--
    at = nextBracket(text, at + 1)
  }
  return { ends, deepest }
}

/**
 * Asked before a text is parsed: a level costs the parser as much as a hundred flat characters. It takes two characters at
 * least, so short texts need no walk.
 */
const isTooDeep = (text: string): boolean => text.length > 2 * MAX_DEPTH && nesting(text, 0).deepest > MAX_DEPTH

export const strictFrames = (sink: FrameSink): FrameAssembler => ({
  line: (text) => {
    if (text.trim() === "") return
    if (isTooDeep(text)) return sink.garbage(garbage("too-deep", text))
    const value = parse(text)
    if (value === undefined) return sink.garbage(garbage("not-json", text))
    sink.frame(value)
  },
  complete: () => false,
  end: () => {}
})

export const tolerantFrames = (sink: FrameSink, maxChars = MAX_FRAME_BYTES): FrameAssembler =>
  new TolerantAssembler(sink, maxChars)

class TolerantAssembler implements FrameAssembler {
  private open: Array<string> = []
  private chars = 0
  private depth = 0
  private readonly sink: FrameSink
  private readonly maxChars: number

  constructor(sink: FrameSink, maxChars: number) {
    this.sink = sink
    this.maxChars = maxChars
  }

  line(text: string): void {
    if (text.charCodeAt(0) === OPENING_BRACE) {
      const value = isTooDeep(text) ? undefined : parse(text)
      if (isObject(value) && (this.depth === 0 || "jsonrpc" in value)) {
        if (this.depth > 0) this.drop("not-json")
        return this.sink.frame(value)
      }
      // Printers indent what is inside: an object that opens at the margin is a new one.
      if (value === undefined) this.drop("not-json")
    }
    this.scan(text)
  }

  complete(text: string): boolean {
    // Joining and parsing what is open is dear, and worth it only for the end that closes it.
    const { deepest, ends } = nesting(text, this.depth)
    if (ends !== 0) return false
    if (deepest > MAX_DEPTH) {
      this.drop("too-deep", text)
      return true
    }
    const value = parse(this.joined(text))
    if (!isObject(value)) return false
    this.reset()
    this.sink.frame(value)
    return true
  }

  end(): void {
    this.drop("not-json")
  }

  /** Peels every object off that closes on this line and keeps the one that stays open. */
  private scan(text: string): void {
    let start = 0
    let at = 0
    while (true) {
      if (this.depth === 0) {
        while (isSpace(text.charCodeAt(at))) at++
        if (at === text.length) return
        if (text.charCodeAt(at) !== OPENING_BRACE) return this.sink.garbage(garbage("not-json", text.slice(at)))
        start = at
      } else at = nextBracket(text, at)
      // No JSON string spans lines, so an open one means that this never was JSON.
      if (at === IN_STRING) return this.drop("not-json", text.slice(start))
      if (at === text.length) return this.keep(text.slice(start))
      if (isOpening(text.charCodeAt(at))) {
        if (++this.depth > MAX_DEPTH) return this.drop("too-deep", text.slice(start))
      } else if (--this.depth === 0) this.peel(text.slice(start, at + 1))
      at++
    }
  }

  private keep(text: string): void {
    this.open.push(text)
    this.chars += text.length + 1
    if (this.chars > this.maxChars) this.drop("too-large")
  }

  private peel(text: string): void {
    const whole = this.joined(text)
    this.reset()
    const value = parse(whole)
    if (value === undefined) this.sink.garbage(garbage("not-json", whole))
    else this.sink.frame(value)
  }

  private joined(last: string): string {
    return this.open.length === 0 ? last : [...this.open, last].join("\n")
  }

  /** Gives up what is open, and `last`, which belongs to it. */
  private drop(kind: GarbageKind, ...last: ReadonlyArray<string>): void {
    const begins = [...this.open.slice(0, SHOWN_CHARS), ...last]
    this.reset()
    if (begins.length > 0) this.sink.garbage(garbage(kind, begins.join(" ")))
  }

  private reset(): void {
    this.open = []
    this.chars = 0
    this.depth = 0
  }
}
