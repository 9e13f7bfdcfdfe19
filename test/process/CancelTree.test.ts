/** Cancelling a run whose provider does not end its session: the provider's process goes, with the shell its agent started. */
import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { afterEach } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { isAlive, until } from "./referencePluginsHost.ts"
import { Workplace } from "./Workplace.ts"

const workflows = `
default_workflow_ref: ship
agents: { shipper: { tool: deaf } }
phases: { deploy: { mode: agent, agent: shipper, directive: Ship it } }
workflows: [{ id: ship, phases: [deploy] }]
`

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a cancelled run", () => {
  it("leaves no process, keeps what was said, and its provider is back for the next one", async () => {
    const here = new Workplace(workflows)
    place = here
    here.install("animus-provider-deaf", fixture("provider-deaf-to-cancel"), fixture("speak"))
    here.start()
    const { id } = here.answer("subject", "create", "--title", "Ship")
    const { workflow_id: run } = here.answer("workflow", "run", id)
    const { location } = here.answer("workflow", "get", run).detail
    const said = () => here.read(join(location, "deploy.1.transcript.jsonl"))
    await until("the agent speaks", () => said().includes("kept"))
    const pids = here.read("pids").split(" ").map(Number)
    assert.deepStrictEqual(pids.map(isAlive), [true, true])

    here.answer("workflow", "cancel", run, "--confirm", run)
    await until("both are gone", () => !pids.some(isAlive))
    await until("it is over", () => here.answer("workflow", "get", run).status === "cancelled")
    assert.include(said(), "kept")

    const restarted = here.answer("plugin", "restart", "animus-provider-deaf")
    assert.strictEqual(restarted.state, "running")
  }, 300_000)

  const cancelled = async (tool: string, sessions: number) => {
    const here = new Workplace(workflows.replaceAll("deaf", tool))
    place = here
    here.install(`animus-provider-${tool}`, fixture(`provider-${tool}`), fixture("speak"))
    here.start()
    const runs = Array.from({ length: sessions }, (_, n) => {
      const { id } = here.answer("subject", "create", "--title", `Ship ${n}`)
      return String(here.answer("workflow", "run", id).workflow_id)
    })
    await until(
      "the agents' tools run",
      () => here.lines("sessions").length === sessions && here.running("8883").length === sessions
    )
    const cancel = (run = "") => here.animus("workflow", "cancel", run, "--confirm", run)
    const tools = () => ["8881", "8882", "8883"].flatMap((name) => here.running(name))
    return { here, runs, cancel, tools }
  }

  it("leaves nothing of a provider that agrees, ends the session, and ends nothing else", async () => {
    const { cancel, here, runs, tools } = await cancelled("liar", 1)
    const [provider] = here.lines("sessions")
    const { stdout } = cancel(runs[0])
    assert.deepStrictEqual(tools(), [])
    assert.include(stdout, "nothing of it runs any more")
    assert.isTrue(isAlive(Number(provider)), "it did what it was asked, so it stays")
  }, 300_000)

  it("leaves nothing of a provider that hears nothing, whose tools were orphans from the start", async () => {
    const { cancel, here, runs, tools } = await cancelled("rude", 1)
    const { stdout } = cancel(runs[0])
    assert.deepStrictEqual(tools(), [])
    assert.include(stdout, "nothing of it runs any more")
    assert.deepStrictEqual(here.answer("plugin", "orphans").orphans, [])
  }, 300_000)

  it("names what may belong to the session beside it, and what ends that", async () => {
    const { cancel, runs, tools } = await cancelled("liar", 2)
    const before = tools()
    const { stdout } = cancel(runs[1])
    const left = tools()
    assert.isAbove(left.length, 0)
    // Whether the two were seen apart is a matter of moments: what was not is left to the one that lives, and named.
    if (left.length > before.length / 2) assert.include(stdout, "animus plugin restart animus-provider-liar")
    else assert.include(stdout, "nothing of it runs any more")
    assert.include(cancel(runs[0]).stdout, "nothing of it runs any more")
    assert.deepStrictEqual(tools(), [])
  }, 300_000)
})
