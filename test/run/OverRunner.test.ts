/** The suites of the engine once more, to the letter, with the runner that comes with Animus between it and what it launches. */
import { afterAll, beforeAll } from "@effect/vitest"
import { phasesOf } from "./RunnerWorld.ts"
import { World } from "./World.ts"

const direct = World.performedBy
beforeAll(() => {
  World.performedBy = phasesOf
})
afterAll(() => {
  World.performedBy = direct
})

/** Under a name of their own: files of one worker share their modules, and a suite that ran there before would not be collected again. */
const again = (suite: string) => import(/* @vite-ignore */ `./${suite}.test.ts?over=runner`)

for (
  const suite of [
    "CatchUp",
    "Engine",
    "Failures",
    "Foreseen",
    "Interactions",
    "RateLimit",
    "Recovery",
    "SentBack",
    "Subjects"
  ]
) await again(suite)
