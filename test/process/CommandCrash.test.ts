/** A command that outlives its daemon, and what becomes of it. */
import { assert, describe, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { Workplace } from "./Workplace.ts"

const workflows = `default_workflow_ref: work
tools_allowlist: [sh]
phases:
  work: { mode: command, idempotency: idempotent, command: { program: sh, args: [-c, "echo $$$$ >> started; exec sleep 600"] } }
workflows:
  - { id: work, phases: [work] }
`

let place: Workplace | undefined
afterEach(async () => {
  for (const left of place?.running("600") ?? []) process.kill(Number(left), "SIGKILL")
  await place?.end()
})

describe("a daemon that is killed while a command runs", () => {
  it(
    "leaves one copy of it at most: the old one is ended before the phase runs again",
    { timeout: 180_000 },
    async () => {
      const here = new Workplace(workflows)
      place = here
      const started = () => here.lines("started")
      here.start()
      const run = await here.begin()
      await until("the command runs", () => here.running("600").length === 1)
      const first = started()

      here.kill()
      here.start()
      await until("it is started again", () => started().length === 2)
      const [, second = ""] = started()
      await until("it runs again", () => here.running("600").length > 0)
      assert.notInclude(first, second)
      assert.deepStrictEqual(here.running("600"), [second])

      await here.ask("workflow/cancel", { id: run })
      assert.deepStrictEqual(here.running("600"), [])
    }
  )
})
