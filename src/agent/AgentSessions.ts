/**
 * Live agent sessions. Every frame of a session reaches its owner, in order; cancel reaches the process that owns the
 * session; nothing is retried after the first token was forwarded. What to do after a crash is the run engine's decision.
 */
import { Context, DateTime, Deferred, Effect, Exit, Layer } from "effect"
import { ProviderMissing, SessionNotFound } from "../../schemas/errors/PluginErrors.ts"
import type { SessionId } from "../../schemas/Ids.ts"
import type { AgentRunResponse } from "../../schemas/Provider.ts"
import type { InteractionResponse } from "../../schemas/RunEvent.ts"
import { type InstalledPlugin, PluginCatalog } from "../plugin/PluginCatalog.ts"
import { PluginHost } from "../plugin/PluginHost.ts"
import type { AgentError, AgentSession, Remainder, SessionStatus } from "./AgentSession.ts"
import { knownTools, providerOf } from "./ProviderNames.ts"
import { makeAnswers } from "./SessionAnswers.ts"
import { dispatch, endSession, timedOutExit } from "./SessionDispatch.ts"
import { beginning, endOf, type Live, SessionRegistry } from "./SessionRegistry.ts"

export type { AgentError, AgentSession, Remainder, SessionStatus } from "./AgentSession.ts"

export class AgentSessions extends Context.Service<AgentSessions, {
  /**
   * Interrupting cancels the session at its provider. The deadline is the request's `timeout_secs`, else 1800 s: past it
   * the session is cancelled, the owner gets a last error that is not recoverable, and the response has exit code 124.
   */
  readonly run: (session: AgentSession) => Effect.Effect<AgentRunResponse, AgentError>
  /** Returns when the session has ended, if need be with the process that owns it, and with what of it runs on. */
  readonly cancel: (session: SessionId) => Effect.Effect<ReadonlyArray<Remainder>, SessionNotFound>
  /** What cancelled sessions of this owner started and could not be ended. */
  readonly remaining: (owner: string) => Effect.Effect<ReadonlyArray<Remainder>>
  /** The live ones, in the order of their beginning. */
  readonly working: Effect.Effect<ReadonlyArray<SessionStatus>>
  /** Live ones and the last hundred that ended. */
  readonly status: (session: SessionId) => Effect.Effect<SessionStatus, SessionNotFound>
  /** Fails when nobody can answer a question of this session: it has ended, or its provider takes no answers. */
  readonly answerable: (session: SessionId) => Effect.Effect<void, SessionNotFound | AgentError>
  /** Hands the answer to the process that owns the session; false when it did not want it any more. */
  readonly respond: (
    session: SessionId,
    interaction: string,
    response: InteractionResponse
  ) => Effect.Effect<boolean, SessionNotFound | AgentError>
  readonly canResume: (tool: string) => Effect.Effect<boolean, AgentError>
}>()("animus/agent/AgentSessions") {
  static readonly layer = Layer.effect(AgentSessions, Effect.suspend(() => make))
}

/** Also one that ran out of time. */
const wasCancelled = ({ status }: SessionStatus, exit: Exit.Exit<AgentRunResponse, AgentError>): boolean =>
  status === "cancelled" || (Exit.isSuccess(exit) && exit.value.exit_code === timedOutExit)

const makeProviders = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const host = yield* PluginHost
  const find = Effect.fnUntraced(function*(tool: string) {
    const { plugins } = yield* catalog.discovery
    return providerOf(plugins, tool) ?? (yield* new ProviderMissing({ tool, known: knownTools(plugins) }))
  })
  /** By the manifest; a provider whose manifest does not list it may still have said so in the handshake. */
  const supports = Effect.fnUntraced(function*({ manifest, name }: InstalledPlugin, method: string) {
    if (manifest.capabilities.includes(method)) return true
    return (yield* host.initialized(name)).capabilities.methods.includes(method)
  })
  return { find, supports }
})

const make = Effect.gen(function*() {
  const host = yield* PluginHost
  const sessions = new SessionRegistry()

  const { find, supports } = yield* makeProviders
  const run = Effect.fn("AgentSessions.run")(function*(session: AgentSession) {
    const provider = yield* find(session.tool)
    const plugin = provider.name
    const cancellable = yield* supports(provider, "agent/cancel")
    const status = beginning(session, DateTime.formatIso(yield* DateTime.now))
    const { frames, processes } = sessions.providerOf(plugin)
    const live: Live = { plugin, cancellable, status, ended: Deferred.makeUnsafe(), cancelled: false, remains: [] }
    sessions.live.set(session.session, live)
    const dispatched = dispatch({ plugin, cancellable, frames, processes, session, remains: live.remains })
    return yield* Effect.andThen(processes.begin(session.session), dispatched).pipe(
      Effect.onExit((exit) =>
        Effect.gen(function*() {
          const status = endOf(live, exit, DateTime.formatIso(yield* DateTime.now))
          if (wasCancelled(status, exit)) live.remains.push(...yield* processes.clear(session.session))
          else yield* processes.end(session.session)
          sessions.end(live, status, session.owner)
          yield* Deferred.succeed(live.ended, undefined)
        })
      )
    )
  }, Effect.provideService(PluginHost, host))

  const cancel = Effect.fn("AgentSessions.cancel")(function*(session: SessionId) {
    const live = sessions.live.get(session)
    if (live === undefined) return yield* new SessionNotFound({ session })
    live.cancelled = true
    const ended = Deferred.await(live.ended)
    yield* sessions.providerOf(live.plugin).frames.giveUp(session) ? ended : endSession({ ...live, session }, ended)
    return live.remains.map((row) => ({ ...row, plugin: live.plugin }))
  }, Effect.provideService(PluginHost, host))

  const status = Effect.fn("AgentSessions.status")(function*(session: SessionId) {
    const known = sessions.live.get(session)?.status ?? sessions.ended.get(session)
    return known ?? (yield* new SessionNotFound({ session }))
  })

  const canResume = Effect.fn("AgentSessions.canResume")(function*(tool: string) {
    return yield* supports(yield* find(tool), "agent/resume")
  })

  const remaining = (owner: string) => Effect.sync(() => sessions.remaining(owner))
  const working = Effect.sync(() => sessions.working)
  const answers = yield* makeAnswers(
    sessions,
    (tool, method) => Effect.flatMap(find(tool), (it) => supports(it, method))
  )

  return AgentSessions.of({ run, cancel, remaining, working, status, canResume, ...answers })
})
