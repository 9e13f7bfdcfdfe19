/** The frames of one process as they come, and who waits for them. What came since the last request is kept as it was said. */
import { Effect, Exit, Option, type Scope, Stream } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"
import type { PluginExit, PluginPipes } from "../plugin/PluginProcess.ts"
import { LineSplitter } from "../rpc/LineSplitter.ts"
import type { Examiner } from "./Notes.ts"
import { shown } from "./Shown.ts"
import { makeUtf8Check } from "./Utf8Check.ts"

const MOST_FRAMES = 50_000
const MOST_LINES = 20
const LAST_WORDS = "500 millis"

const howItEnded = ({ code, signal }: PluginExit): string =>
  signal === undefined ? `its process ended with exit code ${code}` : `its process was ended by ${signal}`

export class Inbox {
  readonly frames: Array<JsonObject> = []
  /** How lines begin that are longer than any frame may be. */
  readonly tooLarge: Array<string> = []
  /** Set when nothing more will come; says why. */
  closed: string | undefined
  private readonly waiting = new Set<() => void>()
  private readonly splitter: LineSplitter
  private readonly utf8: (chunk: Uint8Array) => void
  private marked = 0
  private lines: Array<string> = []

  constructor(examiner: Examiner) {
    this.utf8 = makeUtf8Check((trouble) => examiner.impure(trouble))
    this.splitter = new LineSplitter({
      line: (text) => {
        this.said(text)
        const frame = examiner.line(text)
        if (frame !== undefined) this.frames.push(frame)
      },
      oversized: (head) => {
        this.said(head)
        if (this.tooLarge.length < MOST_LINES) this.tooLarge.push(head)
        examiner.oversized(head)
      }
    })
  }

  push(chunk: Uint8Array): void {
    if (this.closed !== undefined) return
    this.utf8(chunk)
    this.splitter.push(chunk)
    if (this.frames.length > MOST_FRAMES) this.close(`it sent more than ${MOST_FRAMES} frames`)
    else this.wake()
  }

  /** What comes from here on is in answer to what is said now. */
  mark(): void {
    this.marked = this.frames.length
    this.lines = []
  }

  since(): { readonly frames: ReadonlyArray<JsonObject>; readonly lines: ReadonlyArray<string> } {
    return { frames: this.frames.slice(this.marked), lines: this.lines }
  }

  close(reason: string): void {
    this.closed ??= reason
    this.wake()
  }

  /** Waits until `look` finds something, or nothing more will come. */
  seen<A>(look: () => A | undefined): Effect.Effect<A | undefined> {
    return Effect.callback((resume) => {
      const settle = () => {
        const found = look()
        if (found === undefined && this.closed === undefined) return
        this.waiting.delete(settle)
        resume(Effect.succeed(found))
      }
      this.waiting.add(settle)
      settle()
      return Effect.sync(() => this.waiting.delete(settle))
    })
  }

  private said(line: string): void {
    if (line.trim() !== "" && this.lines.length < MOST_LINES) this.lines.push(shown(line))
  }

  private wake(): void {
    for (const look of this.waiting) look()
  }
}

/** Reads all the process says, until it ends. */
export const fill = (inbox: Inbox, pipes: PluginPipes): Effect.Effect<void, never, Scope.Scope> =>
  Stream.runForEach(pipes.stdout, (chunk) => Effect.sync(() => inbox.push(chunk))).pipe(
    Effect.exit,
    Effect.flatMap((exit) =>
      Effect.map(
        Effect.timeoutOption(pipes.exit, LAST_WORDS),
        Option.match({
          onNone: () => Exit.isSuccess(exit) ? "it closed its stdout" : "its stdout cannot be read",
          onSome: howItEnded
        })
      )
    ),
    Effect.map((how) => inbox.close(how)),
    Effect.forkScoped,
    Effect.asVoid
  )
