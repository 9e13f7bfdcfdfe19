/**
 * One process of the plugin under test and the raw frames on its pipes. Every wait has a deadline, sees the end of the
 * process, and fails with a finding that shows what was sent and what came instead.
 */
import { Duration, Effect, Fiber, type Scope, Stream } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"
import type { ErrorObject, RequestId } from "../../schemas/JsonRpc.ts"
import type { PluginExit, PluginPipes } from "../plugin/PluginProcess.ts"
import { Finding } from "./Finding.ts"
import { fill, Inbox } from "./Inbox.ts"
import { beginsAnswerTo, instead, isMisnamed, misnamed, tooLargeAnswer } from "./Instead.ts"
import { type Limits, limitsFor } from "./Limits.ts"
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
  readonly limits: Limits
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

const STDERR_CHARS = 400
const LAST_WORDS = "500 millis"

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
  ).pipe(Effect.map((fiber) => Effect.map(Effect.timeoutOption(Fiber.await(fiber), LAST_WORDS), () => tail.trim())))
}

const isAnswerTo = (id: RequestId) => (frame: JsonObject) => frame["id"] === id && !("method" in frame)

const answerOf = (frame: JsonObject): Answer => {
  const { error, result } = frame
  if (error === undefined || error === null) return { result, frame }
  const { code, data, message } = Object(error)
  return { error: { code: Number(code), message: String(message), ...(data === undefined ? {} : { data }) }, frame }
}

const frameOf = (frame: object): string => JSON.stringify({ jsonrpc: "2.0", ...frame }) + "\n"

/** Everything is said here, so that a finding can show what was said last. */
class Mouth {
  private issued = 0
  private last: string | undefined
  readonly inbox: Inbox
  private readonly pipes: PluginPipes
  private readonly examiner: Examiner
  private readonly patience: number
  private readonly words: Effect.Effect<string>

  constructor(pipes: PluginPipes, examiner: Examiner, patience: number, words: Effect.Effect<string>) {
    this.pipes = pipes
    this.examiner = examiner
    this.inbox = new Inbox(examiner)
    this.patience = patience
    this.words = words
  }

  readonly finding: Session["finding"] = (got, says) =>
    new Finding({
      got,
      ...(this.last === undefined ? {} : { sent: this.last }),
      ...(says === undefined ? {} : { says })
    })

  readonly gone = Effect.suspend(() => this.words).pipe(
    Effect.flatMap((words) => {
      const how = this.inbox.closed ?? "its stdin is closed"
      return Effect.fail(this.finding(words === "" ? how : `${how}; its last words: ${words}`))
    })
  )

  readonly write: Session["write"] = (text) =>
    Effect.suspend(() => {
      this.last = shown(text.trimEnd())
      return this.pipes.write(text)
    }).pipe(
      Effect.catch(() => this.gone),
      Effect.timeoutOrElse({
        duration: Duration.millis(this.patience),
        orElse: () => Effect.fail(this.finding(`it read nothing from stdin for ${this.patience} ms`))
      })
    )

  readonly begin: Session["begin"] = (method, params, given) => {
    const id = given ?? ++this.issued
    this.examiner.sent(id)
    this.inbox.mark()
    return Effect.as(this.write(frameOf({ id, method, params })), id)
  }

  readonly answerTo: Session["answerTo"] = (id, millis = this.patience) =>
    this.inbox.seen(() => this.heard(id)).pipe(
      Effect.timeoutOrElse({
        duration: Duration.millis(millis),
        orElse: () => Effect.suspend(() => Effect.fail(this.finding(this.silence(id, millis))))
      }),
      Effect.flatMap((heard) => {
        if (heard === undefined) return this.gone
        return typeof heard === "string" ? Effect.fail(this.finding(heard)) : Effect.succeed(heard)
      })
    )

  /** The answer, or why there will be none. */
  private heard(id: RequestId): Answer | string | undefined {
    const { frames, tooLarge } = this.inbox
    const answer = frames.find(isAnswerTo(id))
    if (answer !== undefined) return answerOf(answer)
    const other = frames.find(isMisnamed(id, this.examiner.ids))
    if (other !== undefined) return misnamed(id, other)
    const head = tooLarge.find(beginsAnswerTo(id))
    return head === undefined ? undefined : tooLargeAnswer(head)
  }

  private silence(id: RequestId, millis: number): string {
    const { frames, lines } = this.inbox.since()
    return `no answer to request ${JSON.stringify(id)} within ${millis} ms: ${instead(id, frames, lines)}`
  }
}

export const converse = Effect.fnUntraced(function*(
  pipes: PluginPipes,
  notes: Notes,
  patience: number
): Effect.fn.Return<Session, never, Scope.Scope> {
  const mouth = new Mouth(pipes, new Examiner(notes), patience, yield* lastWords(pipes))
  const { answerTo, begin, finding, inbox, write } = mouth
  yield* fill(inbox, pipes)
  return {
    limits: limitsFor(patience),
    received: inbox.frames,
    write,
    notify: (method, params) => write(frameOf({ method, params })),
    begin,
    answerTo,
    ask: (method, params, { id, millis } = {}) =>
      Effect.flatMap(begin(method, params, id), (asked) => answerTo(asked, millis)),
    closeStdin: pipes.closeStdin,
    noteFamily: Effect.asVoid(pipes.heirs.now),
    exited: (millis, after) =>
      Effect.timeoutOrElse(pipes.exit, {
        duration: Duration.millis(millis),
        orElse: () => Effect.fail(finding(`its process still runs ${millis} ms after ${after}`))
      }),
    finding
  }
})
