/** Whoever performs phases, they are performed in the same way; and what becomes of them when a runner of its own dies. */
import { assert, describe, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { runnerSuite, Site } from "./RunnerSuite.ts"

runnerSuite("in_process")
runnerSuite("subprocess")

let site: Site | undefined
afterEach(() => site?.end())

describe("a runner that stands still", () => {
  it("is ended, with all it started, when it does not end what is cancelled", async () => {
    const here = new Site("subprocess")
    site = here
    here.start()
    const waiting = here.begin("wait")
    await until("the command runs", () => here.running("606").length === 1)
    const pids = here.runnerPids()
    pids.forEach((pid) => process.kill(Number(pid), "SIGSTOP"))
    here.answer("workflow", "cancel", waiting, "--confirm", waiting)
    assert.strictEqual(here.settled(waiting).state, "cancelled")
    assert.deepStrictEqual([here.running("606"), here.runnerPids().filter((pid) => pids.includes(pid))], [[], []])
    const after = here.begin("both")
    assert.strictEqual(here.settled(after).state, "completed")
  })
})

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
