/** Providers: one short run of an agent, with a stand-in where the request can name the program. */
import { Effect, Exit, Schema } from "effect"
import { AgentRunResponse } from "../../../schemas/Provider.ts"
import { type Begun, type Bench, canCancel, capabilitiesOf } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { HANDSHAKE } from "../cases/Lifecycle.ts"
import { NotApplicable } from "../Finding.ts"
import { reasonOf } from "../Notes.ts"
import type { Answer } from "../Session.ts"
import { shown } from "../Shown.ts"
import { isUnavailable, type KindTrials, text, type Trial } from "../Trial.ts"

const SESSION = "animus-conformance-1"
const SHORT = "cat > /dev/null; echo ok"
const LONG = "cat > /dev/null; echo working; exec sleep 60"

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
const agentMethod = /^agent\/(?:output|thinking|toolCall|toolResult|error)$/

/** The notifications of a run precede its answer, and each names the session. */
const inOrder = ({ received }: Begun, method: string): string | undefined => {
  const answered = received.findIndex((frame) => typeof Object(frame["result"]).exit_code === "number")
  const late = received.findIndex((frame, at) => at > answered && agentMethod.test(String(frame["method"])))
  return late === -1 ? undefined : `${shown(received[late])} came after the answer of ${method}`
}

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
    if (late !== undefined) return yield* session.finding(late, "all notifications of a run precede its final response")
  })
})

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
    )
  ]
}

const started = Effect.fnUntraced(function*(bench: Bench) {
  const session = yield* bench.begun
  const prompt = "Count slowly from 1 to 1000, one number a line, nothing else"
  const id = yield* session.begin("agent/run", request(session.projectRoot, LONG, prompt))
  // Something must be running before it can be cancelled.
  yield* session.ask("$/ping")
  return { session, id }
})

const settled = (session: Begun, answer: Answer) => {
  if (answer.error !== undefined) return Effect.void
  const read = response(answer.result)
  return Exit.isSuccess(read) ? Effect.void : Effect.fail(session.finding(reasonOf(read)))
}

const cancelRequest = (bench: Bench) =>
  Effect.gen(function*() {
    if (!canCancel(bench.profile)) return yield* new NotApplicable({ reason: "its capability `cancellation` is false" })
    const { id, session } = yield* started(bench)
    yield* session.notify("$/cancelRequest", { id })
    yield* session.notify("$/cancelRequest", { id })
    yield* settled(session, yield* session.answerTo(id))
  })

const cancelSession = (bench: Bench) =>
  Effect.gen(function*() {
    if (!capabilitiesOf(bench.profile).has("agent/cancel")) {
      return yield* new NotApplicable({ reason: "it does not list agent/cancel" })
    }
    const { id, session } = yield* started(bench)
    const cancelled = yield* session.ask("agent/cancel", { session_id: SESSION })
    const run = yield* session.answerTo(id)
    yield* settled(session, run)
    if (cancelled.error === undefined) {
      const { result } = cancelled
      if (Object(result).cancelled !== true || text(result, "session_id") !== SESSION) {
        return yield* session.finding(`${shown(result)} instead of {session_id, cancelled: true}`)
      }
    } else if (run.error === undefined) return yield* session.finding(shown(cancelled.frame))
  })

const cancelStranger = (bench: Bench) =>
  Effect.gen(function*() {
    if (!capabilitiesOf(bench.profile).has("agent/cancel")) {
      return yield* new NotApplicable({ reason: "it does not list agent/cancel" })
    }
    const session = yield* bench.begun
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
