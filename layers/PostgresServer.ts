/** What every word with a PostgreSQL server has in common: how we connect, how long we wait, and what its refusals mean here. */
import type { Config } from "@effect/sql-pg/PgConnection"
import { Duration, Effect, type Redacted } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { hostname } from "node:os"
import { SessionStoreFailed, StoreFull, StoreUnreachable } from "../schemas/errors/RunErrors.ts"

/** The server gives up first, so that what we gave up on does not happen afterwards. */
const SERVER_DEADLINE = Duration.seconds(8)
const DEADLINE = Duration.seconds(10)

/** A whole journal may be one answer. */
const LARGEST_ANSWER = 1 << 30

export const configOf = (url: Redacted.Redacted): Config => ({
  url,
  applicationName: `animus, pid ${process.pid} on ${hostname()}`,
  connectTimeout: "5 seconds",
  keepAlive: "10 seconds",
  maxMessageSize: LARGEST_ANSWER,
  startupParameters: {
    synchronous_commit: "on",
    statement_timeout: String(Duration.toMillis(SERVER_DEADLINE)),
    // Of a machine that was switched off the server hears nothing: its lock must not outlive it by hours.
    tcp_keepalives_idle: "10",
    tcp_keepalives_interval: "5",
    tcp_keepalives_count: "3"
  }
})

/** What went wrong, and whether it is certain that the server did nothing. */
export interface Trouble {
  readonly failure: SessionStoreFailed
  readonly certain: boolean
}

const DISK_FULL = "53100"

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

/** A refusal has a code of five; with one of these it says that the connection, or the server, is no more. */
const isRefusal = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P)/.test(code)

const troubleOf = (place: string, operation: string, { reason }: SqlError): Trouble => {
  const code = codeOf(reason.cause)
  const said = reason.cause instanceof Error && reason.cause.message !== "" ? reason.cause.message : reason.message
  const detail = `${said ?? "no reason given"}. See that the server runs and lets this user in`
  return {
    failure: new SessionStoreFailed({
      reason: code === DISK_FULL
        ? new StoreFull({ path: place })
        : new StoreUnreachable({ operation, path: place, detail })
    }),
    certain: isRefusal(code)
  }
}

const silent = (place: string, operation: string): Trouble => {
  const detail = `no answer within ${
    Duration.format(DEADLINE)
  }. See whether the server is overloaded, or cannot be reached`
  return {
    failure: new SessionStoreFailed({ reason: new StoreUnreachable({ operation, path: place, detail }) }),
    certain: false
  }
}

export const tried = <A, R>(
  place: string,
  operation: string,
  answer: Effect.Effect<A, SqlError, R>
): Effect.Effect<A, Trouble, R> =>
  Effect.mapError(answer, (error) => troubleOf(place, operation, error)).pipe(
    Effect.timeoutOrElse({ duration: DEADLINE, orElse: () => Effect.fail(silent(place, operation)) })
  )

export const asked = <A, R>(place: string, operation: string, answer: Effect.Effect<A, SqlError, R>) =>
  Effect.mapError(tried(place, operation, answer), ({ failure }) => failure)
