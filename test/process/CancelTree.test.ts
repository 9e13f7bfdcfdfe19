/** Cancelling a run whose provider does not end its session: the provider's process goes, with the shell its agent started. */
import { assert, describe, it } from "@effect/vitest"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { beside } from "./Beside.ts"
import { fixture } from "./plugin/Workshop.ts"
import { isAlive, until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

const kinds = ["deaf", "liar", "rude"]
const workflows = `
agents: { ${kinds.map((tool) => `${tool}: { tool: ${tool} }`).join(", ")} }
phases: { ${kinds.map((tool) => `${tool}: { mode: agent, agent: ${tool}, directive: Ship it }`).join(", ")} }
workflows: [${kinds.map((tool) => `{ id: ${tool}, phases: [${tool}] }`).join(", ")}]
`

let here: Workplace
let typist: ReturnType<typeof operator>
beforeAll(() => {
  here = new Workplace(workflows)
  here.install("animus-provider-deaf", fixture("provider-deaf-to-cancel"), fixture("speak"))
  for (const tool of ["liar", "rude"]) {
    here.install(`animus-provider-${tool}`, fixture(`provider-${tool}`), fixture("speak"))
  }
  here.start()
  typist = operator(here)
})
afterAll(() => here.end())

describe("a cancelled run", { concurrent: true }, () => {
  it("leaves no process, keeps what was said, and its provider is back for the next one", async () => {
    const run = await here.begin("deaf")
    const said = () => here.read(join(here.scope, "runs", run, "deaf.1.transcript.jsonl"))
    await until("the agent speaks", () => said().includes("kept"))
    const pids = here.read("pids").split(" ").map(Number)
    assert.deepStrictEqual(pids.map(isAlive), [true, true])

    await here.ask("workflow/cancel", { id: run })
    await until("both are gone", () => !pids.some(isAlive))
    assert.strictEqual((await here.settled(run)).state, "cancelled")
    assert.include(said(), "kept")

    const restarted = await typist.answer("plugin", "restart", "animus-provider-deaf")
    assert.strictEqual(restarted.state, "running")
  }, 300_000)

  const cancelled = async (tool: string, sessions: number) => {
    rmSync(join(here.project, "sessions"), { force: true })
    const runs: Array<string> = []
    for (let n = 0; n < sessions; n++) runs.push(await here.begin(tool))
    await until(
      "the agents' tools run",
      () => here.lines("sessions").length === sessions && here.running("8883").length === sessions
    )
    const cancel = (run = "") => typist.type("workflow", "cancel", run, "--confirm", run)
    const tools = () => ["8881", "8882", "8883"].flatMap((name) => here.running(name))
    return { runs, cancel, tools }
  }

  beside("by its provider", () => {
    it("leaves nothing of a provider that agrees, ends the session, and ends nothing else", async () => {
      const { cancel, runs, tools } = await cancelled("liar", 1)
      const [provider] = here.lines("sessions")
      const { stdout } = await cancel(runs[0])
      assert.deepStrictEqual(tools(), [])
      assert.include(stdout, "nothing of it runs any more")
      assert.isTrue(isAlive(Number(provider)), "it did what it was asked, so it stays")
    }, 300_000)

    it("leaves nothing of a provider that hears nothing, whose tools were orphans from the start", async () => {
      const { cancel, runs, tools } = await cancelled("rude", 1)
      const { stdout } = await cancel(runs[0])
      assert.deepStrictEqual(tools(), [])
      assert.include(stdout, "nothing of it runs any more")
      assert.deepStrictEqual((await typist.answer("plugin", "orphans")).orphans, [])
    }, 300_000)

    it("names what may belong to the session beside it, and what ends that", async () => {
      const { cancel, runs, tools } = await cancelled("liar", 2)
      const before = tools()
      const { stdout } = await cancel(runs[1])
      const left = tools()
      assert.isAbove(left.length, 0)
      // Whether the two were seen apart is a matter of moments: what was not is left to the one that lives, and named.
      if (left.length > before.length / 2) assert.include(stdout, "animus plugin restart animus-provider-liar")
      else assert.include(stdout, "nothing of it runs any more")
      assert.include((await cancel(runs[0])).stdout, "nothing of it runs any more")
      assert.deepStrictEqual(tools(), [])
    }, 300_000)
  })
})
