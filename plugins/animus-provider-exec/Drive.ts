/** One run of an agent, from its start to the answer: output streamed as it comes, the rest judged when it has ended. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { Clock, Duration, Effect, Fiber, Stream } from "effect"
import type { Readable } from "node:stream"
import type { AgentRunRequest, AgentRunResponse } from "../../schemas/Provider.ts"
import { type AgentSession, PluginFailure } from "../../src/sdk/Sdk.ts"
import { startAgent } from "./Agent.ts"
import { type Launch, launchOf } from "./Launch.ts"
import { LineMatch, pieces, Tail } from "./Output.ts"

const OUTPUT_CHARS = 256 * 1024
const STDERR_CHARS = 8 * 1024
/** The grace of an agent that is told to end. */
const GRACE = 2000
/** When the agent and all it started are gone, its pipes end; how long a process that hid from us may hold them open. */
const LAST_OUTPUT = Duration.seconds(30)
const BATCH = Duration.millis(50)
const TIMED_OUT = 124
const CANCELLED = 130

interface Ending {
  readonly code: number
  readonly error?: string
}

/** Text in pieces, none waiting longer than a batch; a host that does not read holds the agent back. */
const pump = (pipe: Readable, take: (text: string) => Effect.Effect<void>) =>
  NodeStream.fromReadable<Uint8Array, PluginFailure>({
    evaluate: () => pipe,
    onError: (cause) =>
      new PluginFailure({ category: "run_failed", message: `reading the agent failed: ${String(cause)}` })
  }).pipe(
    Stream.decodeText(),
    Stream.groupedWithin(64, BATCH),
    Stream.runForEach((texts) => Effect.forEach(pieces(texts.join("")), take, { discard: true }))
  )

/** Hands output on, keeps its end, and listens for the agent's own session id. */
const listener = (launch: Launch, session: AgentSession) => {
  const output = new Tail(OUTPUT_CHARS)
  const complaints = new Tail(STDERR_CHARS)
  const match = launch.sessionPattern === undefined ? undefined : new LineMatch(launch.sessionPattern)
  let own = launch.session
  const heard = (id: string | undefined) => {
    if (id === undefined || id === own) return Effect.void
    own = id
    return session.knownAs(id)
  }
  return {
    stdout: (text: string) => {
      output.add(text)
      return Effect.andThen(heard(match?.search(text)), session.output(text))
    },
    stderr: (text: string) => {
      complaints.add(text)
      return session.output(text, { stream: "stderr" })
    },
    end: Effect.suspend(() => heard(match?.end())),
    output: () => output.value,
    complaints: () => complaints.value.trim(),
    own: () => own ?? ""
  }
}

const deadline = (seconds: number | undefined): Effect.Effect<Ending> =>
  seconds === undefined || seconds === 0
    ? Effect.never
    : Effect.as(Effect.sleep(Duration.seconds(seconds)), {
      code: TIMED_OUT,
      error: `the agent did not finish within ${seconds} s and was ended`
    })

const drive = (request: AgentRunRequest, session: AgentSession, own: string | undefined) =>
  Effect.scoped(Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeMillis
    const launch = yield* launchOf(request, own, session.id)
    const agent = yield* startAgent(launch)
    const heard = listener(launch, session)
    if (launch.session !== undefined && own === undefined) yield* session.knownAs(launch.session)
    const reading = yield* Effect.forkScoped(
      Effect.all([pump(agent.stdout, heard.stdout), pump(agent.stderr, heard.stderr)], {
        concurrency: 2,
        discard: true
      })
    )
    const ending: Ending = yield* Effect.raceAllFirst([
      Effect.map(agent.exitCode, (code) => ({ code })),
      Effect.as(session.cancelled, { code: CANCELLED, error: "the run was cancelled" }),
      deadline(request.timeout_secs)
    ])
    yield* agent.end(GRACE)
    yield* Effect.timeoutOption(Fiber.join(reading), LAST_OUTPUT)
    yield* heard.end
    const errors = [ending.error ?? "", ending.code === 0 ? "" : heard.complaints()].filter((text) => text !== "")
    const response: AgentRunResponse = {
      session_id: heard.own(),
      exit_code: ending.code,
      output: heard.output(),
      ...(errors.length === 0 ? {} : { errors }),
      duration_ms: (yield* Clock.currentTimeMillis) - startedAt,
      backend: "exec"
    }
    return response
  }))

export const run = (request: AgentRunRequest, session: AgentSession) => drive(request, session, undefined)

export const resume = (request: AgentRunRequest, session: AgentSession) => drive(request, session, request.session_id)
