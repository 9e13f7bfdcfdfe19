/** `workflow events --follow` beside a daemon that is killed and started again: every event once, in order. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { Workplace } from "./Workplace.ts"

const workflows = `default_workflow_ref: look
phases:
  first: { mode: manual, manual: { instructions: Look } }
  second: { mode: manual, manual: { instructions: Look again } }
workflows:
  - { id: look, phases: [first, second] }
`

interface Heard {
  readonly kind: string
  readonly cursor: string
  readonly sequence: number
}

describe("workflow events --follow", () => {
  it("goes on with its cursor after the daemon was killed, and ends with the run", { timeout: 120_000 }, async () => {
    const place = new Workplace(workflows)
    let follower: ReturnType<typeof spawn> | undefined
    try {
      place.start()
      const run = await place.begin()
      const args = ["workflow", "events", run, "--after", "1", "--follow", "--json"]
      follower = spawn(place.launcher, args, { cwd: place.project, env: place.env, stdio: ["ignore", "pipe", "pipe"] })
      let text = ""
      follower.stdout?.on("data", (chunk: Buffer) => text += chunk.toString())
      const heard = (): ReadonlyArray<Heard> => text.split("\n").slice(0, -1).map((line) => JSON.parse(line))
      const until = async (holds: () => boolean) => {
        for (let polls = 0; !holds(); polls++) {
          if (polls > 2000) assert.fail(`not within 50 s: ${text}`)
          await pause(25)
        }
      }
      await until(() => heard().some(({ kind }) => kind === "decision_needed"))

      place.kill()
      place.start()
      await place.settled(run)
      await place.ask("workflow/approve", { id: run, phase: "first" })
      await until(() => heard().filter(({ kind }) => kind === "decision_needed").length === 2)
      await place.settled(run)
      const exited = once(follower, "exit")
      await place.ask("workflow/approve", { id: run, phase: "second" })
      assert.deepStrictEqual((await exited)[0], 0)

      const told = heard().filter(({ kind }) => kind !== "synced")
      assert.deepStrictEqual(
        [...new Set(told.map(({ sequence }) => sequence))],
        place.events(run).slice(1).map((_, at) => at + 2)
      )
      assert.strictEqual(new Set(told.map(({ cursor }) => cursor)).size, told.length, "an event was told twice")
      assert.strictEqual(told.at(-1)?.kind, "workflow_completed")
    } finally {
      follower?.kill("SIGKILL")
      await place.end()
    }
  })
})
