import { layer } from "../../examples/session-store/SqliteSessionStore.ts"
import { sessionStoreSuite } from "animus/testing"

sessionStoreSuite("sqlite, as an embedder writes it", layer(":memory:"))
