import { Layer } from "effect"
import * as SessionStoreFile from "../../layers/SessionStoreFile.ts"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import * as SessionStoreSqlite from "../../layers/SessionStoreSqlite.ts"
import { sessionStoreSuite } from "../../layers/Testing.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { temporaryScope } from "./TemporaryScope.ts"

sessionStoreSuite("memory", SessionStoreMemory.layer)
sessionStoreSuite("file", Layer.provide(SessionStoreFile.layer, temporaryScope))
sessionStoreSuite("sqlite", Layer.provide(SessionStoreSqlite.layer, temporaryScope))
sessionStoreSuite("sqlite in memory", SessionStore.layerOf(SessionStoreSqlite.driverAt(":memory:")))
