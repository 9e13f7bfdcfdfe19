import { sessionStoreSuite } from "animus/testing"
import { layer } from "../../examples/session-store/SqliteSessionStore.ts"

sessionStoreSuite("sqlite, as an embedder writes it", layer(":memory:"))
