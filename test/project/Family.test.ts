import { assert, describe, it } from "@effect/vitest"
import { heirsBut, heirsOf, Kin, kinAmong, traceOf, type Traces } from "../../src/project/Family.ts"
import type { Mark, Sighting } from "../../src/project/ProcessTable.ts"

const traces: Traces = {
  plugin: "p",
  pid: 10,
  startTime: "100",
  cookie: "c",
  generation: "g",
  limit: 77,
  stdio: ["socket:[1]"]
}

interface Facts {
  readonly parent?: number
  readonly startTime?: string
  readonly mark?: Partial<Mark>
  readonly limit?: number
  readonly held?: string
}

/** A process that nothing connects with anything, but for these. */
const seen = (pid: number, { held, limit, mark, parent = 1, startTime = "200" }: Facts = {}): Sighting => ({
  pid,
  parent,
  startTime,
  command: `c${pid}`,
  mark: () => mark && { cookie: "c", generation: "g", plugin: "p", ...mark },
  limit: () => limit,
  holds: (ends) => held !== undefined && ends.includes(held)
})

describe("a process belongs to a plugin's", () => {
  const tells = (name: string, facts: Facts, trace: string | undefined, pid = 11) =>
    it(name, () => {
      assert.strictEqual(traceOf(traces, seen(pid, facts)), trace)
    })

  tells("by being it", { startTime: "100" }, "itself", 10)
  tells("by its mark", { mark: {} }, "its environment")
  tells("by its limit", { limit: 77 }, "its limit on file locks")
  tells("by one of the plugin's ends of our pipes", { held: "socket:[1]" }, "the plugin's stdio")
  tells("not by another plugin's mark", { mark: { plugin: "q" } }, undefined)
  tells("not by another daemon's mark", { mark: { generation: "h" } }, undefined)
  tells("not by another limit", { limit: 78 }, undefined)
  tells("not by another pipe", { held: "socket:[2]" }, undefined)
  tells("not when it is older, whatever it holds", { held: "socket:[1]", startTime: "99" }, undefined)
  tells("not by its pid alone", { startTime: "101" }, undefined, 10)
})

describe("kin", () => {
  it("is whoever descends from one, and stays so when that one is gone", () => {
    const kin = heirsOf(traces)
    assert.isFalse(kin.belongs(seen(10, { startTime: "100" })), "the process itself is apart")
    assert.isTrue(kin.belongs(seen(11, { parent: 10 })))
    assert.isTrue(kin.belongs(seen(12, { parent: 11 })))
    kin.settle([seen(11), seen(12)])
    assert.isTrue(kin.belongs(seen(12, { parent: 1 })))
    assert.isFalse(kin.belongs(seen(12, { parent: 1, startTime: "300" })), "another that took its pid")
  })

  it("is a stranger until its parent turns out to belong", () => {
    const kin = new Kin((one) => one.limit() === 77 ? { plugin: "p", by: "its limit on file locks" } : undefined)
    assert.isFalse(kin.belongs(seen(21, { parent: 20 })))
    assert.isTrue(kin.belongs(seen(20, { limit: 77 })))
    assert.isTrue(kin.belongs(seen(21, { parent: 20 })))
  })

  it("among some is those and what they start, and of the others nobody", () => {
    const kin = kinAmong(traces, [seen(11)])
    assert.isTrue(kin.belongs(seen(11)))
    assert.isTrue(kin.belongs(seen(12, { parent: 11 })))
    assert.isFalse(kin.belongs(seen(13, { parent: 10, limit: 77 })))
  })

  it("but some spares those with what they start", () => {
    const kin = heirsBut(traces, [seen(11)])
    assert.isFalse(kin.belongs(seen(11, { limit: 77 })))
    assert.isFalse(kin.belongs(seen(12, { parent: 11, limit: 77 })))
    assert.isTrue(kin.belongs(seen(13, { limit: 77 })))
  })
})
