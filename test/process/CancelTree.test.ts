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
  })
})
