/**
 * Cuts a byte stream into lines: no byte is scanned twice, and the lines of one chunk are decoded together. A line
 * beyond the cap is reported once and skipped; memory stays below twice the cap whatever arrives.
 *
 * CRLF and byte order marks are taken off. Invalid UTF-8 becomes U+FFFD and is never fatal: a damaged character inside
 * a JSON string costs that character, anywhere else it makes the line garbage, which the assembler reports.
 */

export const MAX_FRAME_BYTES = 16 * 1024 * 1024

const LF = 10
const CR = 13
const CLOSING_BRACE = 125
const BYTE_ORDER_MARK = 0xfeff
const HEAD_BYTES = 256
/** A buffer that one large frame grew is given back, not kept for the life of the connection. */
const KEPT_BYTES = 64 * 1024
const LEAST_BYTES = 4 * 1024

export interface LineSink {
  readonly line: (text: string) => void
  /** A line beyond the cap; `head` is how it begins. */
  readonly oversized: (head: string) => void
}

/** Most connections carry whole lines only. */
const NOTHING = new Uint8Array(0)

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

export class LineSplitter {
  private carried = NOTHING
  private size = 0
  private skipping = false
  private readonly sink: LineSink
  private readonly maxBytes: number

  constructor(sink: LineSink, maxBytes = MAX_FRAME_BYTES) {
    this.sink = sink
    this.maxBytes = maxBytes
  }

  push(chunk: Uint8Array): void {
    const first = chunk.indexOf(LF)
    if (first === -1) return this.carry(chunk)
    this.carry(chunk.subarray(0, first))
    this.finish()
    const last = chunk.lastIndexOf(LF)
    if (last > first) this.lines(chunk.subarray(first + 1, last))
    if (last + 1 < chunk.length) this.carry(chunk.subarray(last + 1))
  }

  /** The stream ended: what is left is its last line. */
  end(): void {
    this.finish()
  }

  /** The unfinished line when it could be a whole frame whose newline was never written. */
  unfinished(): string | undefined {
    if (this.size === 0 || this.size > KEPT_BYTES || this.carried[this.size - 1] !== CLOSING_BRACE) return undefined
    return decoder.decode(this.carried.subarray(0, this.size))
  }

  /** Forgets the unfinished line, since it was used. */
  discard(): void {
    this.size = 0
  }

  private carry(bytes: Uint8Array): void {
    if (this.skipping) return
    const size = this.size + bytes.length
    if (size > this.maxBytes) return this.skip(bytes)
    if (size > this.carried.length) {
      const grown = new Uint8Array(Math.min(this.maxBytes, Math.max(size, this.carried.length * 2, LEAST_BYTES)))
      grown.set(this.carried.subarray(0, this.size))
      this.carried = grown
    }
    this.carried.set(bytes, this.size)
    this.size = size
  }

  private skip(bytes: Uint8Array): void {
    const head = this.size > 0
      ? this.carried.subarray(0, Math.min(this.size, HEAD_BYTES))
      : bytes.subarray(0, HEAD_BYTES)
    this.skipping = true
    this.reset()
    this.sink.oversized(decoder.decode(head))
  }

  private finish(): void {
    const skipped = this.skipping
    this.skipping = false
    if (skipped || this.size === 0) return
    const text = decoder.decode(this.carried.subarray(0, this.size))
    this.reset()
    this.emit(text)
  }

  private reset(): void {
    this.size = 0
    if (this.carried.length > KEPT_BYTES) this.carried = NOTHING
  }

  /** Whole lines. Only a block that is larger than the cap can hold a line that is. */
  private lines(block: Uint8Array): void {
    if (block.length > this.maxBytes) return this.lineByLine(block)
    const text = decoder.decode(block)
    // One look at the block spares every line of it the look at both its ends.
    const bare = !text.includes("\r") && !text.includes("\ufeff")
    for (const line of text.split("\n")) {
      if (!bare) this.emit(line)
      else if (line !== "") this.sink.line(line)
    }
  }

  private lineByLine(block: Uint8Array): void {
    let start = 0
    while (start <= block.length) {
      const newline = block.indexOf(LF, start)
      const end = newline === -1 ? block.length : newline
      this.carry(block.subarray(start, end))
      this.finish()
      start = end + 1
    }
  }

  private emit(text: string): void {
    const start = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0
    const end = text.charCodeAt(text.length - 1) === CR ? text.length - 1 : text.length
    if (end > start) this.sink.line(start === 0 && end === text.length ? text : text.slice(start, end))
  }
}
