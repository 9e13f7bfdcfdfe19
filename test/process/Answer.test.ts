/** An agent that asks, a person who answers at a terminal, and everything between them. */
import { afterEach, assert, it } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

const workflows = `
default_workflow_ref: ask
agents: { asker: { tool: asking } }
phases: { ask: { mode: agent, agent: asker } }
workflows: [{ id: ask, phases: [ask] }]
`

let place: Workplace | undefined
afterEach(() => place?.end())

it("a question waits for a person, whose answer is in the journal before the agent has it", async () => {
  const here = new Workplace(workflows)
  place = here
  here.install("animus-provider-asking", fixture("provider-that-asks"), fixture("speak"))
  here.start()
  const { type } = operator(here)
  const run = await here.begin()
  assert.strictEqual((await here.settled(run)).state, "waiting")
  const shown = (await type("workflow", "get", run)).stdout
  const command = `animus workflow answer ${run} --allow`
  assert.include(shown, "rm")
  assert.include(shown, `next: ${command}\n`)

  assert.strictEqual((await type(...command.split(" ").slice(1), "--message", "only the old one")).status, 0)
  assert.strictEqual((await type("workflow", "watch", run)).status, 0)
  const events = here.events(run)
  const tags = events.map(({ _tag }) => _tag)
  assert.isBelow(tags.indexOf("InteractionAnswered"), tags.indexOf("PhaseCompleted"))
  assert.include(JSON.stringify(events), "answered allow: only the old one")
  assert.strictEqual((await type("workflow", "answer", run, "--deny")).status, 4)
})
