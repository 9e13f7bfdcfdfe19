/** Whoever performs phases, they are performed in the same way; and what becomes of them when a runner of its own dies. */
import { assert, describe, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { runnerSuite, Site } from "./RunnerSuite.ts"

runnerSuite("in_process")
runnerSuite("subprocess")

let site: Site | undefined
afterEach(() => site?.end())

describe("a runner that is killed", () => {
  it("takes what it performed with it, which fails once and is not done again; the next phase has a new one", async () => {
    const here = new Site("subprocess")
    site = here
    here.start()
    const kill = () => here.runnerPids().forEach((pid) => process.kill(Number(pid), "SIGKILL"))
    const lost = /connection to plugin animus-workflow-runner-default was lost: .*SIGKILL/

    const waiting = here.begin("again")
    await until("the command runs", () => here.running("606").length === 1)
    kill()
    const command = here.settled(waiting)
    assert.match(command.reason, lost)
    assert.deepStrictEqual([command.state, here.running("606"), here.lines("started").length], ["failed", [], 1])

    const hanging = here.begin("hang")
    await here.atWork(hanging)
    kill()
    const agent = here.settled(hanging)
    assert.match(agent.reason, lost)
    assert.deepStrictEqual([agent.state, here.running("607"), here.lines("calls").length], ["failed", [], 1])
    assert.deepStrictEqual(here.lines("cancelled"), ["once"])

    const after = here.begin("both")
    assert.strictEqual(here.settled(after).state, "completed")
  })
})
