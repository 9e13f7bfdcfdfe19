/** Tests that follow one another, beside others of their file: they wait for deadlines most of the time. */
import { describe } from "vitest"

export const beside = (name: string, tests: () => void): void => {
  // Vitest runs at once what stands side by side and may: the tests inside may not, what is around them may.
  describe(name, { concurrent: true }, () => {
    describe("one after the other", { concurrent: false }, tests)
  })
}
