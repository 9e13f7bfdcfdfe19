/**
 * What a project's daemon left on the disk, for commands that can answer without one. Opened only by those, and never
 * believed while a daemon holds the store: it knows more than its files.
 */
import { Context, Effect, type Scope } from "effect"
import { ControlError } from "../../schemas/control/ControlError.ts"
import type { LogBackendFailed } from "../../schemas/errors/LogErrors.ts"
import type { LogQuery } from "../../schemas/Log.ts"
import type { LogPage } from "../log/LogBackend.ts"
import type { SessionStore } from "../session/SessionStore.ts"
import { askAgain } from "./AskAgain.ts"
import type { StoreToolError } from "./SessionStoreTools.ts"

export class OfflineFiles extends Context.Service<OfflineFiles, {
  /** Whether a daemon holds the store, answering or not. */
  readonly held: Effect.Effect<boolean>
  /** A picture of the moment it is opened; refuses to be written. */
  readonly store: Effect.Effect<SessionStore["Service"], StoreToolError, Scope.Scope>
  readonly logs: (query: LogQuery) => Effect.Effect<LogPage, LogBackendFailed>
}>()("animus/cli/OfflineFiles") {}

const busy = new ControlError({
  category: "unavailable",
  message: "a daemon holds this project and does not answer: it is starting, ending, or stuck. " +
    "Try again in a moment; if that does not help: animus daemon status"
})

/** What the daemon answers or, when there is none, what its files say, and which of both it is. */
export const orOffline = <A, E extends { readonly _tag: string }, R, E2, R2>(
  asked: Effect.Effect<A, E, R>,
  read: Effect.Effect<A, E2, R2>
) =>
  Effect.gen(function*() {
    const answered = yield* Effect.result(askAgain(asked))
    if (answered._tag === "Success") return { value: answered.success, offline: false }
    if (answered.failure._tag !== "DaemonNotRunning") return yield* Effect.fail(answered.failure)
    const files = yield* OfflineFiles
    if (yield* files.held) return yield* busy
    return { value: yield* read, offline: true }
  })
