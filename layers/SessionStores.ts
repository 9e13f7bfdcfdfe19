/** The session stores that a configuration can name. Only the one that is named is loaded. */
import { Config, Effect, Layer, Redacted } from "effect"
import { ConfigInvalid } from "../schemas/errors/DaemonErrors.ts"
import { DaemonConfig, type DaemonSettings, type SessionStoreKind } from "../src/project/DaemonConfig.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { SessionStore } from "../src/session/SessionStore.ts"
import { beCurrent } from "./CurrentStores.ts"
import * as SessionStoreMemory from "./SessionStoreMemory.ts"
import { acquireStoreLock } from "./StoreLock.ts"

type Settings = Pick<DaemonSettings, "session_store_url_env">

/** Where the URL of a server is looked for when the configuration names no other variable. */
const URL_VARIABLE = "ANIMUS_POSTGRES_URL"

const urlOf = Effect.fnUntraced(function*({ session_store_url_env: name = URL_VARIABLE }: Settings) {
  const { projectDir } = yield* ProjectScope
  return yield* Effect.mapError(
    Config.Redacted(name),
    () =>
      new ConfigInvalid({
        path: `${projectDir}/config.json`,
        detail:
          `the session store "postgres" needs the URL of its server in the environment variable ${name}, which is not set`
      })
  )
})

/** One schema a project, named as its folder is; the end of that name is what tells projects apart. */
const schemaOf = (scopeDir: string): string => {
  const name = scopeDir.slice(scopeDir.lastIndexOf("/") + 1).toLowerCase().replace(/[^a-z0-9]/g, "_")
  return `animus_${name.slice(-56)}`
}

const postgres = Effect.fnUntraced(function*(settings: Settings) {
  const url: Redacted.Redacted = yield* urlOf(settings)
  const { scopeDir } = yield* ProjectScope
  const module = yield* Effect.promise(() => import("./SessionStorePostgres.ts"))
  return { module, options: { url, schema: schemaOf(scopeDir) } }
})

const file = Effect.promise(() => import("./SessionStoreFile.ts"))
const sqlite = Effect.promise(() => import("./SessionStoreSqlite.ts"))

/** For whoever holds the lock of the project: the daemon, or what moves its history. */
export const driver = Effect.fnUntraced(function*(kind: SessionStoreKind, settings: Settings) {
  switch (kind) {
    case "file":
      return yield* (yield* file).driver
    case "sqlite":
      return yield* (yield* sqlite).driver
    case "postgres": {
      const { module, options } = yield* postgres(settings)
      return yield* module.driver(options)
    }
    case "memory":
      return yield* SessionStoreMemory.driver
  }
})

/** For looking while no daemon runs. */
export const driverReadOnly = Effect.fnUntraced(function*(kind: SessionStoreKind, settings: Settings) {
  switch (kind) {
    case "file":
      return yield* (yield* file).driverReadOnly
    case "sqlite":
      return yield* (yield* sqlite).driverReadOnly
    case "postgres": {
      const { module, options } = yield* postgres(settings)
      return yield* module.driverReadOnly(options)
    }
    case "memory":
      return yield* SessionStoreMemory.driver
  }
})

/** Where a person looks for it: a folder of ours, or words. */
export const placeOf = (kind: SessionStoreKind, settings: Settings, scopeDir: string) => {
  switch (kind) {
    case "file":
      return { folder: `${scopeDir}/runs` }
    case "sqlite":
      return { folder: `${scopeDir}/sessions` }
    case "postgres":
      return {
        words: `schema ${schemaOf(scopeDir)} of the server in ${settings.session_store_url_env ?? URL_VARIABLE}`
      }
    case "memory":
      return {}
  }
}

/** The daemon's: the one that its configuration names, and the lock of the project until the scope closes. */
export const layer = Layer.effect(
  SessionStore,
  Effect.gen(function*() {
    const settings = yield* DaemonConfig
    yield* acquireStoreLock((yield* ProjectScope).scopeDir)
    if (settings.session_store !== "memory") yield* beCurrent(settings.session_store)
    return SessionStore.make(yield* driver(settings.session_store, settings))
  })
)
