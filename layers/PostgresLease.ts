/**
 * One daemon per schema, by an advisory lock that PostgreSQL frees when the connection that holds it is gone, however it went.
 * That connection does nothing else. Whoever loses it has lost the right to write, and hears of it at once.
 */
import * as PgConnection from "@effect/sql-pg/PgConnection"
import { Deferred, Duration, Effect, Queue, Schedule } from "effect"
import { DaemonAlreadyRunning } from "../schemas/errors/DaemonErrors.ts"
import { SessionStoreFailed, StoreUnreachable } from "../schemas/errors/RunErrors.ts"
import { asked } from "./PostgresServer.ts"

export interface Lease {
  /** Comes to an end when the lock is lost, with what that means; never before. */
  readonly lost: Effect.Effect<SessionStoreFailed>
  /** Fails from then on. */
  readonly require: Effect.Effect<void, SessionStoreFailed>
  /** For whoever learns in another way that nothing more may be written here. */
  readonly giveUp: (detail: string) => Effect.Effect<void>
}

/** How often a connection that says nothing is asked whether it is alive. */
const PULSE = Duration.seconds(5)

/** The server needs a moment to notice that a daemon was killed. */
const patience = { times: 10, schedule: Schedule.spaced("100 millis") }

const LOCK = "hashtextextended('animus ' || $1, 0)"

const HOLDER = `
  SELECT application_name AS name
  FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) | objid::bigint = ${LOCK}
`

const NEXT = "Another daemon may write there from now on, so this one ends. " +
  "See that the server can be reached, then: animus daemon start"

const lostAt = (place: string, detail: string) =>
  new SessionStoreFailed({
    reason: new StoreUnreachable({ operation: "keep the lock of", path: place, detail: `${detail}. ${NEXT}` })
  })

export const acquireLease = Effect.fn("PostgresLease.acquire")(
  function*(config: PgConnection.Config, schema: string, place: string) {
    const connection = yield* asked(place, "connect to", PgConnection.make(config))
    const own = yield* connection.pin
    const ask = (sql: string, ...params: ReadonlyArray<unknown>) =>
      Effect.map(asked(place, "lock", own.query(sql, params)), ({ rows }) => rows[0])

    const take = Effect.gen(function*() {
      const answer = yield* ask(`SELECT pg_try_advisory_lock(${LOCK}) AS taken`, schema)
      if (answer?.["taken"] === true) return
      const holder = (yield* ask(HOLDER, schema))?.["name"]
      return yield* new DaemonAlreadyRunning({ holder: String(holder ?? "of an unknown machine"), lockPath: place })
    })
    yield* Effect.retry(take, { ...patience, while: ({ _tag }) => _tag === "DaemonAlreadyRunning" })

    const lost = yield* Deferred.make<SessionStoreFailed>()
    const giveUp = (detail: string) => Effect.asVoid(Deferred.succeed(lost, lostAt(place, detail)))
    // Nobody notifies here: this queue says when the connection is no more.
    const silence = yield* asked(place, "lock", own.listen("animus_lease"))
    const end = Effect.forever(Queue.take(silence))
    const pulse = Effect.repeat(ask("SELECT 1"), Schedule.spaced(PULSE))
    yield* Effect.forkScoped(Effect.catch(Effect.raceFirst(end, pulse), ({ message }) => giveUp(message)))

    const require = Effect.gen(function*() {
      if (Deferred.isDoneUnsafe(lost)) return yield* yield* Deferred.await(lost)
    })
    return { lost: Deferred.await(lost), require, giveUp } satisfies Lease
  }
)
