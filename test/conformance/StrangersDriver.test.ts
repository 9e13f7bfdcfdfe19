import { sessionStoreSuite } from "../../layers/Testing.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { strangersDriver } from "./StrangersDriver.ts"

sessionStoreSuite("a stranger's", SessionStore.layerOf(strangersDriver))
