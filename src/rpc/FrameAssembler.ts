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

const isDeeper = (value: Json, levels: number): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (levels === 0) return true
  const inner: ReadonlyArray<Json> = Array.isArray(value) ? value : Object.values(value)
  for (let at = 0; at < inner.length; at++) if (isDeeper(inner[at] ?? null, levels - 1)) return true
  return false
}

const accept = (sink: FrameSink, text: string, value: Json): void => {
  // Every level takes two characters at least, so short texts need no walk.
  if (text.length > 2 * MAX_DEPTH && isDeeper(value, MAX_DEPTH)) return sink.garbage(garbage("too-deep", text))
  sink.frame(value)
}

export const strictFrames = (sink: FrameSink): FrameAssembler => ({
  line: (text) => {
    if (text.trim() === "") return
    const value = parse(text)
    if (value === undefined) return sink.garbage(garbage("not-json", text))
    accept(sink, text, value)
  },
  complete: () => false,
  end: () => {}
})

export const tolerantFrames = (sink: FrameSink, maxChars = MAX_FRAME_BYTES): FrameAssembler =>
  new TolerantAssembler(sink, maxChars)

const OPENING_BRACE = 123
const QUOTE = 34
const BACKSLASH = 92
const isOpening = (code: number) => code === OPENING_BRACE || code === 91
const isClosing = (code: number) => code === 125 || code === 93
const isSpace = (code: number) => code === 32 || code === 9 || code === 13 || code === 10
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** How much deeper a text ends than it begins, strings aside. */
const nesting = (text: string): number => {
  let depth = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === BACKSLASH) at++
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) inString = true
    else if (isOpening(code)) depth++
    else if (isClosing(code)) depth--
  }
  return depth
}

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
      const value = parse(text)
      if (isObject(value) && (this.depth === 0 || "jsonrpc" in value)) {
        if (this.depth > 0) this.drop("not-json")
        return accept(this.sink, text, value)
      }
      // Printers indent what is inside: an object that opens at the margin is a new one.
      if (value === undefined) this.drop("not-json")
    }
    this.scan(text)
  }

  complete(text: string): boolean {
    // Joining and parsing what is open is dear, and worth it only for the end that closes it.
    if (this.depth + nesting(text) !== 0) return false
    const whole = [...this.open, text].join("\n")
    const value = parse(whole)
    if (!isObject(value)) return false
    this.reset()
    accept(this.sink, whole, value)
    return true
  }

  end(): void {
    this.drop("not-json")
  }

  /** Peels every object off that closes on this line and keeps the one that stays open. */
  private scan(text: string): void {
    let start = 0
    let inString = false
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (inString) {
        if (code === BACKSLASH) at++
        else if (code === QUOTE) inString = false
      } else if (this.depth === 0) {
        if (isSpace(code)) continue
        if (code !== OPENING_BRACE) return this.sink.garbage(garbage("not-json", text.slice(at)))
        start = at
        this.depth = 1
      } else if (code === QUOTE) inString = true
      else if (isOpening(code)) {
        if (++this.depth > MAX_DEPTH) return this.drop("too-deep", text.slice(start))
      } else if (isClosing(code) && --this.depth === 0) this.peel(text.slice(start, at + 1))
    }
    // No JSON string spans lines, so an open one means that this never was JSON.
    if (inString) return this.drop("not-json", text.slice(start))
    if (this.depth > 0) this.keep(text.slice(start))
  }

  private keep(text: string): void {
    this.open.push(text)
    this.chars += text.length + 1
    if (this.chars > this.maxChars) this.drop("too-large")
  }

  private peel(text: string): void {
    const whole = this.open.length === 0 ? text : [...this.open, text].join("\n")
    this.reset()
    const value = parse(whole)
    if (value === undefined) this.sink.garbage(garbage("not-json", whole))
    else accept(this.sink, whole, value)
  }

  private drop(kind: GarbageKind, last?: string): void {
    const text = this.open[0] ?? last
    this.reset()
    if (text !== undefined) this.sink.garbage(garbage(kind, text))
  }

  private reset(): void {
    this.open = []
    this.chars = 0
    this.depth = 0
  }
}
