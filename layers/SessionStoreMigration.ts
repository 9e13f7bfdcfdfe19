/** Moves a project's history from one of its session stores to another, while no daemon can write to either. */
import { Effect } from "effect"
import { DaemonConfig, type DurableStoreKind } from "../src/project/DaemonConfig.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { migrateSessions } from "../src/session/MigrateSessions.ts"
import { copied } from "./CurrentStores.ts"
import * as SessionStores from "./SessionStores.ts"
import { acquireStoreLock } from "./StoreLock.ts"

export const migrate = Effect.fn("SessionStoreMigration.migrate")(
  function*(from: DurableStoreKind, to: DurableStoreKind) {
    const settings = yield* DaemonConfig
    yield* acquireStoreLock((yield* ProjectScope).scopeDir)
    const source = yield* SessionStores.driverReadOnly(from, settings)
    const target = yield* SessionStores.driver(to, settings)
    const moved = yield* migrateSessions(source, target)
    yield* copied(from, to)
    return moved
  },
  Effect.scoped
)
