/** The suites of the engine once more, to the letter, with the runner that comes with Animus between it and what it launches. */
import { phasesOf } from "./RunnerWorld.ts"
import { World } from "./World.ts"

World.performedBy = phasesOf

await import("./CatchUp.test.ts")
await import("./Engine.test.ts")
await import("./Failures.test.ts")
await import("./Interactions.test.ts")
await import("./RateLimit.test.ts")
await import("./Recovery.test.ts")
await import("./SentBack.test.ts")
