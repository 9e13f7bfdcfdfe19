/** A cancelled run gives back what it took: its processes, its subject, and every sign that it is still at work. */
import { assert, describe, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { Workplace } from "./Workplace.ts"

const workflows = `
default_workflow_ref: work
tools_allowlist: [sh]
phases: { work: { mode: command, command: { program: sh, args: [-c, "exec sleep 601"] } } }
workflows: [{ id: work, phases: [work] }]
`

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a cancelled run", () => {
  it("leaves its subject ready for the next, its phase cancelled, and nothing running", async () => {
    const here = new Workplace(workflows)
    place = here
    here.start()
    const { id } = await here.ask("subject/create", { kind: "task", title: "Long work" })
    const status = async () => (await here.ask("subject/get", { id })).status
    const { workflow_id: run } = await here.ask("workflow/run", { task_id: id })
    await until("the phase has begun", () => here.running("601").length === 1)
    assert.strictEqual(await status(), "in-progress")

    await here.ask("workflow/cancel", { id: run })
    const { detail, status: state } = await here.ask("workflow/get", { id: run })
    assert.deepStrictEqual([state, detail.phases[0].status], ["cancelled", "cancelled"])
    assert.strictEqual(await status(), "ready")
    assert.deepStrictEqual(here.running("601"), [])
  })
})
