/**
 * One process of the plugin under test and the raw frames on its pipes. Every wait has a deadline, sees the end of the
 * process, and fails with a finding that shows what was sent and what came instead.
 */
import { Duration, Effect, Exit, Fiber, Option, type Scope, Stream } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"
import { ErrorObject, type RequestId } from "../../schemas/JsonRpc.ts"
import type { PluginExit, PluginPipes } from "../plugin/PluginProcess.ts"
import { LineSplitter } from "../rpc/LineSplitter.ts"
import { Finding } from "./Case.ts"
import { Examiner, type Notes } from "./Notes.ts"
import { shown } from "./Shown.ts"

export interface AskOptions {
  readonly id?: RequestId
  readonly millis?: number
}

/** An answer: one of the two is there. */
export interface Answer {
  readonly result?: unknown
  readonly error?: typeof ErrorObject.Type
  readonly frame: JsonObject
}

export interface Session {
  readonly pid: number
  /** Everything that came so far, in order. */
  readonly received: ReadonlyArray<JsonObject>
  readonly write: (text: string) => Effect.Effect<void, Finding>
  readonly notify: (method: string, params?: unknown) => Effect.Effect<void, Finding>
  /** Sends a request and goes on; its id. */
  readonly begin: (method: string, params?: unknown, id?: RequestId) => Effect.Effect<RequestId, Finding>
  readonly answerTo: (id: RequestId, millis?: number) => Effect.Effect<Answer, Finding>
  readonly ask: (method: string, params?: unknown, options?: AskOptions) => Effect.Effect<Answer, Finding>
  readonly closeStdin: Effect.Effect<void>
  readonly noteFamily: Effect.Effect<void>
  /** How it ended; a process that is still there after `millis` is a finding. */
  readonly exited: (millis: number, after: string) => Effect.Effect<PluginExit, Finding>
  readonly finding: (got: string, says?: string) => Finding
}

const MOST_FRAMES = 50_000
const STDERR_CHARS = 400
const LAST_WORDS = "500 millis"

const howItEnded = ({ code, signal }: PluginExit): string =>
  signal === undefined ? `its process ended with exit code ${code}` : `its process was ended by ${signal}`

/** The frames of one process as they come, and who waits for them. */
class Inbox {
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

  watch(look: () => void): () => void {
    this.waiting.add(look)
    return () => this.waiting.delete(look)
  }

  private wake(): void {
    for (const look of this.waiting) look()
  }
}

const lastWords = (pipes: PluginPipes) => {
  let tail = ""
  return Effect.forkScoped(
    pipes.stderr.pipe(
      Stream.decodeText,
      Stream.runForEach((text) =>
        Effect.sync(() => {
          tail = (tail + text).slice(-STDERR_CHARS)
        })
      ),
      Effect.ignore
    )
  ).pipe(Effect.map((fiber) => ({ fiber, text: () => tail.trim() })))
}

const isAnswerTo = (id: RequestId) => (frame: JsonObject) => frame["id"] === id && !("method" in frame)

const answerOf = (frame: JsonObject): Answer => {
  const { error, result } = frame
  if (error === undefined) return { result, frame }
  const { code, data, message } = Object(error)
  return { error: { code: Number(code), message: String(message), ...(data === undefined ? {} : { data }) }, frame }
}

export const converse = Effect.fnUntraced(function*(
  pipes: PluginPipes,
  notes: Notes,
  patience: number
): Effect.fn.Return<Session, never, Scope.Scope> {
  const examiner = new Examiner(notes)
  const inbox = new Inbox(examiner)
  const stderr = yield* lastWords(pipes)
  let issued = 0
  let lastSent: string | undefined

  yield* Effect.forkScoped(
    Stream.runForEach(pipes.stdout, (chunk) => Effect.sync(() => inbox.push(chunk))).pipe(
      Effect.exit,
      Effect.flatMap((exit) =>
        Effect.timeoutOption(pipes.exit, LAST_WORDS).pipe(
          Effect.map(Option.match({
            onNone: () => Exit.isSuccess(exit) ? "it closed its stdout" : "its stdout cannot be read",
            onSome: howItEnded
          }))
        )
      ),
      Effect.map((how) => inbox.close(how))
    )
  )

  const finding = (got: string, says?: string) =>
    new Finding({
      got,
      ...(lastSent === undefined ? {} : { sent: lastSent }),
      ...(says === undefined ? {} : { says })
    })

  const gone = Effect.gen(function*() {
    yield* Effect.timeoutOption(Fiber.await(stderr.fiber), LAST_WORDS)
    const words = stderr.text()
    return yield* finding(`${inbox.closed}${words === "" ? "" : `; its last words: ${words}`}`)
  })

  const until = <A>(look: () => A | undefined, what: string, millis: number): Effect.Effect<A, Finding> =>
    Effect.callback<A | undefined>((resume) => {
      const settle = () => {
        const seen = look()
        if (seen === undefined && inbox.closed === undefined) return false
        resume(Effect.succeed(seen))
        return true
      }
      if (settle()) return undefined
      const stop = inbox.watch(() => {
        if (settle()) stop()
      })
      return Effect.sync(stop)
    }).pipe(
      Effect.timeoutOrElse({
        duration: Duration.millis(millis),
        orElse: () => Effect.fail(finding(`no ${what} within ${millis} ms`))
      }),
      Effect.flatMap((seen) => seen === undefined ? gone : Effect.succeed(seen))
    )

  const write = (text: string) =>
    Effect.sync(() => {
      lastSent = shown(text.trimEnd())
    }).pipe(
      Effect.andThen(pipes.write(text)),
      Effect.catch(() => gone),
      Effect.timeoutOrElse({
        duration: Duration.millis(patience),
        orElse: () => Effect.fail(finding(`it read nothing from stdin for ${patience} ms`))
      })
    )

  const notify: Session["notify"] = (method, params) => write(JSON.stringify({ jsonrpc: "2.0", method, params }) + "\n")

  const begin: Session["begin"] = (method, params, given) => {
    const id = given ?? ++issued
    examiner.sent(id)
    return Effect.as(write(JSON.stringify({ jsonrpc: "2.0", id, method, params }) + "\n"), id)
  }

  const answerTo: Session["answerTo"] = (id, millis = patience) =>
    Effect.map(
      until(() => inbox.frames.find(isAnswerTo(id)), `answer to request ${JSON.stringify(id)}`, millis),
      answerOf
    )

  return {
    pid: pipes.pid,
    received: inbox.frames,
    write,
    notify,
    begin,
    answerTo,
    ask: (method, params, { id, millis } = {}) =>
      Effect.flatMap(begin(method, params, id), (asked) => answerTo(asked, millis)),
    closeStdin: pipes.closeStdin,
    noteFamily: pipes.noteFamily,
    exited: (millis, after) =>
      Effect.timeoutOrElse(pipes.exit, {
        duration: Duration.millis(millis),
        orElse: () => Effect.fail(finding(`its process still runs ${millis} ms after ${after}`))
      }),
    finding
  }
})
