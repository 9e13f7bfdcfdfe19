/** Whoever performs phases, they are performed in the same way; and what becomes of them when a runner of its own dies. */
import { assert, it } from "@effect/vitest"
import { until } from "./referencePluginsHost.ts"
import { runnerSuite, type Site } from "./RunnerSuite.ts"

runnerSuite("in_process")

runnerSuite("subprocess", (at) => {
  const signal = (site: Site, name: NodeJS.Signals) =>
    site.runnerPids().forEach((pid) => process.kill(Number(pid), name))

  it("are ended, with the runner, when it stands still and does not end what is cancelled", async () => {
    const site = at()
    const waiting = await site.begin("wait")
    await until("the command runs", () => site.running("606").length === 1)
    const pids = site.runnerPids()
    signal(site, "SIGSTOP")
    await site.cancel(waiting)
    assert.strictEqual((await site.settled(waiting)).state, "cancelled")
    assert.deepStrictEqual([site.running("606"), site.runnerPids().filter((pid) => pids.includes(pid))], [[], []])
    const after = await site.begin("both")
    assert.strictEqual((await site.settled(after)).state, "completed")
  })

  it("go with a runner that is killed, fail once and are not done again; the next phase has a new one", async () => {
    const site = at()
    const lost = /connection to plugin animus-workflow-runner-default was lost: .*SIGKILL/

    const waiting = await site.begin("again")
    await until("the command runs", () => site.running("606").length === 1)
    signal(site, "SIGKILL")
    const command = await site.settled(waiting)
    assert.match(command.reason, lost)
    assert.deepStrictEqual([command.state, site.running("606"), site.lines("started").length], ["failed", [], 1])

    const hanging = await site.begin("hang")
    await site.atWork(hanging)
    signal(site, "SIGKILL")
    const agent = await site.settled(hanging)
    assert.match(agent.reason, lost)
    assert.deepStrictEqual([agent.state, site.running("607"), site.lines("calls").length], ["failed", [], 1])
    assert.deepStrictEqual(site.lines("cancelled"), ["once"])

    const after = await site.begin("both")
    assert.strictEqual((await site.settled(after)).state, "completed")
  })
})
