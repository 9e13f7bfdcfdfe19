/** What becomes of an agent phase with side effects whose daemon is killed while the agent speaks: with real processes. */
import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { afterEach } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { until } from "./referencePluginsHost.ts"
import { Workplace } from "./Workplace.ts"

/** Speaks until the file `finish` is there; what it is called with, and what it is told, is kept. */
const agent = `
echo "$*" >> calls
cat >> prompts
if [ "$1" = resume ]; then echo "back in $2"; exit; fi
echo "session: own-7"
until [ -e finish ]; do echo working; sleep 0.05; done
`

const workflows = (shipper: string) => `
default_workflow_ref: ship
agents: { shipper: ${shipper} }
phases: { deploy: { mode: agent, agent: shipper, idempotency: sideeffecting, directive: Ship it } }
workflows: [{ id: ship, phases: [deploy] }]
`
const exec = (launch: string) => workflows(`{ tool: exec, launch: { command: sh, ${launch} } }`)

let place: Workplace | undefined
afterEach(() => place?.end())

/** A run of it whose daemon was killed while the agent spoke, and the daemon after that. */
const survive = async (definition: string) => {
  const here = new Workplace(definition)
  place = here
  here.write("agent.sh", agent)
  here.install("animus-provider-plain", fixture("provider-without-resume"), fixture("speak"))
  here.start()
  const { id } = here.answer("subject", "create", "--title", "Ship")
  const { workflow_id: run } = here.answer("workflow", "run", id)
  const { location } = here.answer("workflow", "get", run).detail
  const spoken = (words: string) => here.read(join(location, "deploy.1.transcript.jsonl")).includes(words)
  await until("the agent speaks", () => spoken("working"))
  const record = JSON.parse(here.read(join(location, "deploy.session.json")))
  assert.strictEqual(record.status, "running")

  here.kill()
  here.start()
  assert.strictEqual(here.animus("workflow", "watch", run).status, 0)
  const { detail } = here.answer("workflow", "get", run)
  return {
    here,
    run,
    detail,
    session: record.provider_session_id,
    actions: detail.recovery.map(({ action }: { readonly action: string }) => action),
    text: here.animus("workflow", "get", run).stdout,
    started: () =>
      here.lines(join(location, "journal.jsonl")).filter((line) => line.includes("\"PhaseStarted\"")).length
  }
}

describe("a daemon that is killed while an agent with side effects speaks", () => {
  it.each([
    ["its provider gave it", "args: [agent.sh, run, \"{{session_id}}\"]"],
    ["it named itself", "args: [agent.sh, run], session_pattern: \"^session: (\\\\S+)$\""]
  ])("goes on with the session %s", async (_, args) => {
    const resumed = await survive(exec(`${args}, resume_args: [agent.sh, resume, "{{session_id}}"]`))
    const { actions, detail, here, session, started, text } = resumed
    assert.isNotEmpty(session)
    assert.deepStrictEqual([detail.state, actions, started()], ["completed", ["resume"], 1])
    assert.deepStrictEqual(here.lines("calls").slice(1), [`resume ${session}`])
    assert.include(here.read("prompts"), "You were interrupted. Go on where you were")
    assert.match(text, new RegExp(`recovery: resume deploy attempt 1: .*agent session ${session} goes on`))
    assert.deepStrictEqual(here.running("agent.sh"), [])
  })

  it.each([
    ["the agent names no session", exec("args: [agent.sh, run]"), "never named a session"],
    [
      "the agent has no form for it",
      exec("args: [agent.sh, run], session_pattern: \"^session: (\\\\S+)$\""),
      "has no resume_args"
    ],
    ["the provider cannot", workflows("{ tool: plain }"), "\"plain\" cannot resume"]
  ])("waits for a person where %s, and the command that it prints goes on", async (_, definition, reason) => {
    const blocked = await survive(definition)
    const { detail, here, run, text } = blocked
    assert.deepStrictEqual([detail.state, blocked.actions, here.lines("calls").length], ["blocked", ["blocked"], 1])
    assert.include(detail.recovery.at(-1).reason, reason)
    assert.include(text, `recovery: blocked deploy attempt 1: `)
    assert.deepStrictEqual(here.running("agent.sh"), [])

    const command = `animus workflow resume ${run} --force`
    assert.include(text, `next: ${command}\n`)
    const refused = here.animus("workflow", "resume", run)
    assert.strictEqual(refused.status, 4)
    assert.include(refused.stderr, command)

    here.write("finish", "")
    assert.strictEqual(here.animus(...command.split(" ").slice(1)).status, 0)
    assert.strictEqual(here.animus("workflow", "watch", run).status, 0)
    assert.strictEqual(here.answer("workflow", "get", run).detail.state, "completed")
    assert.deepStrictEqual([here.lines("calls").length, blocked.started()], [2, 2])
  })
})
