import { Layer } from "effect"
import * as SessionStoreFile from "../../layers/SessionStoreFile.ts"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import { sessionStoreSuite } from "../../layers/Testing.ts"
import { temporaryScope } from "./TemporaryScope.ts"

sessionStoreSuite("memory", SessionStoreMemory.layer)
sessionStoreSuite("file", Layer.provide(SessionStoreFile.layer, temporaryScope))
