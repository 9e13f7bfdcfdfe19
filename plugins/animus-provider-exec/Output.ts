/** What an agent prints, as it is handed on and as it is kept: pieces of bounded size, whole lines, and the last part of all. */

const LINE_CHARS = 64 * 1024

/** Keeps the end of a long text. */
export class Tail {
  private text = ""
  private cut = false
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  add(more: string): void {
    this.text += more
    // Cut at twice the limit, so that a long text is not copied at every piece.
    if (this.text.length > this.limit * 2) this.trim()
  }

  get value(): string {
    if (this.text.length > this.limit) this.trim()
    return this.cut ? `…${this.text}` : this.text
  }

  private trim(): void {
    this.text = this.text.slice(-this.limit)
    this.cut = true
  }
}

/** Finds the first line that matches and gives its first group. */
export class LineMatch {
  private rest = ""
  private readonly pattern: RegExp

  constructor(pattern: RegExp) {
    this.pattern = pattern
  }

  search(more: string): string | undefined {
    const lines = (this.rest + more).split("\n")
    this.rest = (lines.pop() ?? "").slice(-LINE_CHARS)
    return this.firstIn(lines)
  }

  /** The last line may have no end. */
  end(): string | undefined {
    return this.firstIn([this.rest])
  }

  private firstIn(lines: ReadonlyArray<string>): string | undefined {
    for (const line of lines) {
      const found = this.pattern.exec(line.slice(0, LINE_CHARS))?.[1]?.trim()
      if (found !== undefined && found !== "") return found
    }
    return undefined
  }
}

export const pieces = (text: string): ReadonlyArray<string> => {
  const cut: Array<string> = []
  for (let at = 0; at < text.length; at += LINE_CHARS) cut.push(text.slice(at, at + LINE_CHARS))
  return cut
}
