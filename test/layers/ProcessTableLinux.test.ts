import { describe, expect, it } from "vitest"
import { youngestFirst } from "../../layers/ProcessTableLinux.ts"

describe("who is looked at first", () => {
  it("is who came last", () => expect(youngestFirst([1, 20, 300, 4000], 4000)).toEqual([4000, 300, 20, 1]))

  it("is who came last, too, when the kernel has begun to count again", () =>
    expect(youngestFirst([1, 301, 302, 32_700, 32_766], 302)).toEqual([302, 301, 1, 32_766, 32_700]))
})
