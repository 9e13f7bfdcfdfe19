/** Providers: one short run of an agent, with a stand-in where the request can name the program. */
import { Effect, Exit, Schema } from "effect"
import type { JsonObject } from "../../../schemas/Json.ts"
import { ErrorCode, type RequestId } from "../../../schemas/JsonRpc.ts"
import { AgentCancelResult, AgentRespondResult, AgentRunResponse } from "../../../schemas/Provider.ts"
import { type Begun, type Bench, canCancel, capabilitiesOf } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { HANDSHAKE } from "../cases/Lifecycle.ts"
import { NotApplicable } from "../Finding.ts"
import { reasonOf } from "../Notes.ts"
import { shown } from "../Shown.ts"
import { isUnavailable, type KindTrials, text, type Trial } from "../Trial.ts"

const SESSION = "animus-conformance-1"
const SHORT = "cat > /dev/null; echo ok"
const LONG = "cat > /dev/null; echo working; exec sleep 60"

/** Long for an agent that counts, and for one that says the prompt back. */
const COUNT = "Count slowly from 1 to 1000, one number a line, nothing else. Go on after these: " +
  Array.from({ length: 200 }, (_, n) => n + 1).join(" ")

/** `launch` is for providers that run whatever command line they are given; the others pass it by. */
const request = (projectRoot: string, script: string, prompt = "Reply with the one word: ok") => ({
  prompt,
  cwd: projectRoot,
  project_root: projectRoot,
  control_session_id: SESSION,
  timeout_secs: 60,
  env: {},
  runtime_contract: {
    cli: { launch: { command: "sh", args: ["-c", script], resume_args: ["-c", script], prompt: "stdin" } }
  }
})

const response = Schema.decodeUnknownExit(AgentRunResponse)
const cancelResult = Schema.decodeUnknownExit(AgentCancelResult)
const agentMethod = /^agent\/(?:output|thinking|toolCall|toolResult|error)$/

const isAnswer = (frame: JsonObject): boolean => !("method" in frame)
const isRunAnswer = (frame: JsonObject): boolean => typeof Object(frame["result"]).exit_code === "number"

/** The notifications of the last run precede its answer, and each names the session. */
const inOrder = ({ received }: Begun, method: string, isItsAnswer = isRunAnswer): string | undefined => {
  const answered = received.findLastIndex(isItsAnswer)
  const late = received.findIndex((frame, at) => at > answered && agentMethod.test(String(frame["method"])))
  return late === -1 ? undefined : `${shown(received[late])} came after the answer of ${method}`
}

const LAST_WORD = "all notifications of a run precede its final response"

const run = (method: string, optional: boolean, params: Trial["params"]): Trial => ({
  method,
  optional,
  decode: response,
  excuses: isUnavailable,
  params,
  also: Effect.fnUntraced(function*(_, { session }) {
    // What is said too late has a moment to come.
    yield* session.ask("$/ping")
    const late = inOrder(session, method)
    if (late !== undefined) return yield* session.finding(late, LAST_WORD)
  })
})

/** Nobody asks here: what is looked at is that it listens. */
const respond: Trial = {
  method: "agent/respond",
  optional: true,
  shares: true,
  params: () =>
    Effect.succeed({
      interaction_id: "animus-conformance-nothing",
      session_id: "animus-conformance-nobody",
      response: { decision: "deny", message: "nobody asked" }
    }),
  decode: Schema.decodeUnknownExit(AgentRespondResult),
  allows: ({ error }) =>
    error?.code === ErrorCode.MethodNotFound || error?.code === ErrorCode.MethodNotSupported
      ? undefined
      : "it refuses a reply to what nobody asked"
}

export const provider: KindTrials = {
  kind: "provider",
  section: "§8",
  trials: [
    run("agent/run", false, ({ session: { projectRoot } }) => Effect.succeed(request(projectRoot, SHORT))),
    run(
      "agent/resume",
      true,
      ({ first, session: { projectRoot } }) =>
        Effect.flatMap(first("agent/run"), ({ result }) => {
          const session_id = text(result, "session_id").trim()
          return session_id === ""
            ? Effect.fail(new NotApplicable({ reason: "its run named no session that could be resumed" }))
            : Effect.succeed({ ...request(projectRoot, SHORT), session_id })
        })
    ),
    respond
  ]
}

const started = Effect.fnUntraced(function*(bench: Bench) {
  const session = yield* bench.begun
  const id = yield* session.begin("agent/run", request(session.projectRoot, LONG, COUNT))
  // Something must be running before it can be cancelled.
  const { limits: { ping } } = session
  yield* Effect.mapError(session.ask("$/ping", undefined, { millis: ping }), ({ got }) =>
    session.finding(
      `with agent/run under way, $/ping: ${got}`,
      "agent/run and agent/resume run apart from the reader: while they do, pings and cancels are answered"
    ))
  return { session, id }
})

/** How long a run that was answered for may betray that it goes on. */
const AFTERMATH = "500 millis"

/** The run answered as a cancelled or a finished one does, and it was the last thing that was heard of it. */
const settled = Effect.fnUntraced(function*(session: Begun, id: RequestId, isStrict: boolean) {
  const { error, frame, result } = yield* session.answerTo(id)
  if (error === undefined) {
    const read = response(result)
    if (Exit.isFailure(read)) return yield* session.finding(reasonOf(read))
  } else if (isStrict && error.code !== ErrorCode.RequestCancelled) return yield* session.finding(shown(frame))
  yield* Effect.sleep(AFTERMATH)
  const mine = session.received.filter((one) => one["id"] === id && isAnswer(one))
  if (mine.length > 1) {
    return yield* session.finding(`it was answered again: ${shown(mine[1])}`, "a request is answered once")
  }
  const late = inOrder(session, "agent/run", (one) => one === mine[0])
  if (late !== undefined) return yield* session.finding(late, LAST_WORD)
})

const cancelRequest = (bench: Bench) =>
  Effect.gen(function*() {
    if (!canCancel(bench.profile)) return yield* new NotApplicable({ reason: "its capability `cancellation` is false" })
    const { id, session } = yield* started(bench)
    yield* session.notify("$/cancelRequest", { id })
    yield* session.notify("$/cancelRequest", { id })
    yield* settled(session, id, true)
  })

const cancelSession = (bench: Bench) =>
  Effect.gen(function*() {
    if (!capabilitiesOf(bench.profile).has("agent/cancel")) {
      return yield* new NotApplicable({ reason: "it does not list agent/cancel" })
    }
    const { id, session } = yield* started(bench)
    const cancelled = yield* session.ask("agent/cancel", { session_id: SESSION })
    const wasOver = session.received.some((frame) => frame["id"] === id && isAnswer(frame))
    if (cancelled.error !== undefined) {
      if (wasOver) return yield* new NotApplicable({ reason: "its run was over before it could be cancelled" })
      return yield* session.finding(`${shown(cancelled.frame)} while the run was under way`)
    }
    const read = cancelResult(cancelled.result)
    if (Exit.isFailure(read)) {
      return yield* session.finding(`${shown(cancelled.result)} instead of {session_id, cancelled: true}`)
    }
    yield* settled(session, id, false)
  })

const cancelStranger = (bench: Bench) =>
  Effect.gen(function*() {
    if (!capabilitiesOf(bench.profile).has("agent/cancel")) {
      return yield* new NotApplicable({ reason: "it does not list agent/cancel" })
    }
    const session = yield* bench.shared
    const { error, frame } = yield* session.ask("agent/cancel", { session_id: "animus-conformance-nobody" })
    if (error === undefined) return yield* session.finding(shown(frame))
  })

const eofUnderWay = (bench: Bench) =>
  Effect.gen(function*() {
    const { session } = yield* started(bench)
    yield* session.noteFamily
    yield* session.closeStdin
    yield* session.exited(bench.patience, "the end of its stdin with a run under way")
  })

const needs = [HANDSHAKE, "methods.agent/run"]

export const providerCases: ReadonlyArray<Case> = [
  {
    id: "cancel.agent-request",
    title: "a run that is cancelled by $/cancelRequest is answered",
    section: "§5",
    says: "a cancelled request must still be answered, with -32002, or with its result when that came first",
    needs,
    run: cancelRequest
  },
  {
    id: "cancel.agent-cancel",
    title: "agent/cancel ends the run, which still answers",
    section: "§5, §8",
    says:
      "agent/cancel takes the control_session_id of the host, answers {session_id, cancelled: true}, and lets the " +
      "run settle with its own response",
    needs,
    run: cancelSession
  },
  {
    id: "cancel.agent-stranger",
    title: "agent/cancel of no live session is refused",
    section: "§8",
    says: "no live session is an error",
    needs,
    run: cancelStranger
  },
  {
    id: "lifecycle.eof-run",
    title: "the process ends when stdin ends with a run under way",
    section: "§2, §5",
    says: "the end of stdin is an implicit `exit`; a run under way may settle, but does not keep the process",
    needs: [...needs, "lifecycle.eof"],
    run: eofUnderWay
  }
]
