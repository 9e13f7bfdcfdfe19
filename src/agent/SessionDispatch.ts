/**
 * One session at its provider, from the request to the last frame. Frames reach the owner in order and before the answer
 * they preceded; interrupting or running out of time cancels the session in the process that owns it and waits for its end.
 */
import { Duration, Effect, Exit, Fiber, Option, Schema } from "effect"
import { PluginRefused } from "../../schemas/errors/PluginErrors.ts"
import type { SessionId } from "../../schemas/Ids.ts"
import { ErrorCode } from "../../schemas/JsonRpc.ts"
import { type AgentNotification, AgentRunResponse, decodeAgentNotification } from "../../schemas/Provider.ts"
import { ownFrames } from "../plugin/OwnFrames.ts"
import { PluginHost } from "../plugin/PluginHost.ts"
import type { ProcessRow } from "../project/ProcessTable.ts"
import type { AgentSession } from "./AgentSession.ts"
import { requestFor, timeoutOf } from "./ProviderRequest.ts"
import type { SessionFrames } from "./SessionFrames.ts"
import type { ProviderProcesses } from "./SessionProcesses.ts"

export interface Dispatch {
  readonly plugin: string
  /** The provider can end a session while it lives. */
  readonly cancellable: boolean
  readonly frames: SessionFrames
  readonly processes: ProviderProcesses
  readonly session: AgentSession
  /** What could not be ended with its process. */
  readonly remains: Array<ProcessRow>
}

const cancelBound = Duration.seconds(10)
const cancelMillis = Duration.toMillis(cancelBound)
/** What `timeout` of coreutils says, too. */
export const timedOutExit = 124

const decodeResponse = Schema.decodeUnknownEffect(AgentRunResponse)
const read = (plugin: string, method: string, answer: unknown) =>
  Effect.mapError(decodeResponse(answer), (error) => {
    const detail = `its answer is not a response of an agent: ${error.message}`
    return new PluginRefused({ plugin, method, code: ErrorCode.InternalError, detail })
  })

/** What has to be known to end a session. */
export interface Endable {
  readonly plugin: string
  readonly cancellable: boolean
  readonly session: SessionId
  readonly remains: Array<ProcessRow>
}

/**
 * Ends a session where it lives. The provider is asked and has ten seconds; one that cannot be asked, or does not end it, is
 * ended itself with all that descends from it, at the cost of the sessions beside this one. `ended` waits for the end.
 */
export const endSession = Effect.fnUntraced(
  function*<A>({ cancellable, plugin, remains, session }: Endable, ended: Effect.Effect<A>) {
    const host = yield* PluginHost
    if (cancellable) {
      const asked = host.call(plugin, "agent/cancel", { session_id: session }, { timeout: cancelMillis }).pipe(
        // Whatever it says, only the end of the session counts.
        Effect.catch(({ message }) => Effect.logDebug(`cancelling session ${session}: ${message}`))
      )
      const gone = yield* Effect.timeoutOption(Effect.andThen(asked, ended), cancelBound)
      if (Option.isSome(gone)) return gone.value
    }
    const why = cancellable
      ? `would not end within ${Duration.format(cancelBound)}`
      : "can only be ended with its process"
    yield* Effect.logWarning(`session ${session} ${why}: plugin ${plugin} is ended and starts anew when it is needed`)
    const survivors = yield* host.restart(plugin, `its process was ended, for session ${session} ${why}`)
    remains.push(...survivors)
    return yield* ended
  }
)

const deliver = ({ frames, plugin, processes, session }: Dispatch) =>
  ownFrames(
    plugin,
    (frame) => frames.owns(session.session, frame),
    (batch) =>
      Effect.andThen(
        processes.heard,
        session.onEvents(batch.map(({ method, params }): AgentNotification => decodeAgentNotification(method, params)))
      )
  )

const outOfTime = Effect.fnUntraced(
  function*({ frames, plugin, session }: Dispatch, late: AgentRunResponse | undefined) {
    const seconds = timeoutOf(session.request)
    const message = `out of time: the session was ended after ${seconds} s`
    yield* session.onEvents([{ _tag: "Error", session_id: session.session, message, recoverable: false }])
    return AgentRunResponse.make({
      ...(late ?? { output: "", duration_ms: seconds * 1000, backend: plugin }),
      session_id: late?.session_id ?? frames.ownId(session.session) ?? "",
      exit_code: timedOutExit,
      errors: [...(late?.errors ?? []), message]
    })
  }
)

const neverBegun = (plugin: string): AgentRunResponse => ({
  session_id: "",
  exit_code: 130,
  output: "",
  errors: ["it was cancelled before it began"],
  duration_ms: 0,
  backend: plugin
})

export const dispatch = Effect.fnUntraced(function*(given: Dispatch) {
  const { frames, plugin, session } = given
  const host = yield* PluginHost
  const method = session.resume === undefined ? "agent/run" : "agent/resume"
  const request = yield* requestFor(session)
  yield* Effect.addFinalizer(() => Effect.sync(() => frames.end(session.session)))
  if (!(yield* frames.begin(session.session, session.resume))) return neverBegun(plugin)
  const { broken, drained } = yield* deliver(given)
  const deadline = Duration.seconds(timeoutOf(session.request))
  // The provider has the same deadline; the call's own is behind both, and only for a host that is deaf to ours.
  const timeout = Duration.toMillis(deadline) + 3 * cancelMillis
  const onId = (id: number) => frames.asked(session.session, id)
  const call = yield* Effect.forkScoped(host.call(plugin, method, request, { timeout, onId }))
  const stop = endSession({ ...given, session: session.session }, Fiber.await(call))

  const ended = yield* Effect.raceFirst(Fiber.await(call), broken).pipe(
    Effect.timeoutOption(deadline),
    Effect.onError(() => Effect.asVoid(stop))
  )
  if (Option.isSome(ended)) {
    yield* drained
    return yield* Effect.flatMap(ended.value, (answer) => read(plugin, method, answer))
  }
  const late = yield* stop
  yield* drained
  const answer = Exit.isSuccess(late) ? yield* Effect.option(read(plugin, method, late.value)) : Option.none()
  return yield* outOfTime(given, Option.getOrUndefined(answer))
}, Effect.scoped)
