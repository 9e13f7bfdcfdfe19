/** The frames of one process as they come, and who waits for them. */
import { Effect, Exit, Option, type Scope, Stream } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"
import type { PluginExit, PluginPipes } from "../plugin/PluginProcess.ts"
import { LineSplitter } from "../rpc/LineSplitter.ts"
import type { Examiner } from "./Notes.ts"

const MOST_FRAMES = 50_000
const LAST_WORDS = "500 millis"

const howItEnded = ({ code, signal }: PluginExit): string =>
  signal === undefined ? `its process ended with exit code ${code}` : `its process was ended by ${signal}`

export class Inbox {
  readonly frames: Array<JsonObject> = []
  /** Set when nothing more will come; says why. */
  closed: string | undefined
  private readonly waiting = new Set<() => void>()
  private readonly splitter: LineSplitter

  constructor(examiner: Examiner) {
    this.splitter = new LineSplitter({
      line: (text) => {
        const frame = examiner.line(text)
        if (frame !== undefined) this.frames.push(frame)
      },
      oversized: (head) => void examiner.line(head)
    })
  }

  push(chunk: Uint8Array): void {
    if (this.closed !== undefined) return
    this.splitter.push(chunk)
    if (this.frames.length > MOST_FRAMES) this.close(`it sent more than ${MOST_FRAMES} frames`)
    else this.wake()
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
