/** What becomes of an agent phase with side effects whose daemon is killed while the agent speaks: with real processes. */
import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

/** Speaks until its file `finish` is there; what it is called with, and what it is told, is kept under its name. */
const script = `
name=$1
shift
echo "$*" >> "$name.calls"
cat >> "$name.prompts"
if [ "$1" = resume ]; then echo "back in $2"; exit; fi
echo "session: own-7"
until [ -e "$name.finish" ]; do echo working; sleep 0.05; done
`

const exec = (launch: string) => `{ tool: exec, launch: { command: sh, ${launch} } }`
const pattern = "session_pattern: \"^session: (\\\\S+)$\""

const agents = {
  given: exec(
    "args: [agent.sh, given, run, \"{{session_id}}\"], resume_args: [agent.sh, given, resume, \"{{session_id}}\"]"
  ),
  named: exec(`args: [agent.sh, named, run], ${pattern}, resume_args: [agent.sh, named, resume, "{{session_id}}"]`),
  nameless: exec("args: [agent.sh, nameless, run]"),
  formless: exec(`args: [agent.sh, formless, run], ${pattern}`),
  plain: "{ tool: plain }"
}
type Agent = keyof typeof agents
const names = Object.keys(agents)

const workflows = `
agents: { ${Object.entries(agents).map(([name, agent]) => `${name}: ${agent}`).join(", ")} }
phases: { ${
  names.map((name) => `${name}: { mode: agent, agent: ${name}, idempotency: sideeffecting, directive: Ship it }`)
    .join(", ")
} }
workflows: [${names.map((name) => `{ id: ${name}, phases: [${name}] }`).join(", ")}]
`

interface Cut {
  readonly run: string
  readonly session: string
}

let here: Workplace
let typist: ReturnType<typeof operator>
const cuts = new Map<string, Cut>()

/** A run whose agent speaks. */
const speaking = async (name: string): Promise<Cut> => {
  const run = await here.begin(name)
  const { location } = (await here.ask("workflow/get", { id: run })).detail
  await until(
    "the agent speaks",
    () => here.read(join(location, `${name}.1.transcript.jsonl`)).includes("working")
  )
  const record = JSON.parse(here.read(join(location, `${name}.session.json`)))
  assert.strictEqual(record.status, "running")
  return { run, session: record.provider_session_id }
}

/** They speak all at once, the daemon is killed, and there is another. */
beforeAll(async () => {
  here = new Workplace(workflows)
  typist = operator(here)
  here.write("agent.sh", script)
  here.install("animus-provider-plain", fixture("provider-without-resume"), fixture("speak"))
  here.start()
  for (const name of names) cuts.set(name, await speaking(name))
  here.kill()
  here.start()
})
afterAll(() => here.end())

const survived = async (name: Agent) => {
  const { run, session } = cuts.get(name) ?? { run: "", session: "" }
  const detail = await here.settled(run)
  return {
    run,
    detail,
    session,
    actions: detail.recovery.map(({ action }: { readonly action: string }) => action),
    text: (await typist.type("workflow", "get", run)).stdout,
    calls: () => here.lines(`${name}.calls`),
    started: () => here.events(run).filter(({ _tag }) => _tag === "PhaseStarted").length
  }
}

describe("a daemon that is killed while an agent with side effects speaks", () => {
  it.each<readonly [string, Agent]>([
    ["its provider gave it", "given"],
    ["it named itself", "named"]
  ])("goes on with the session %s", async (_, name) => {
    const { actions, calls, detail, session, started, text } = await survived(name)
    assert.isNotEmpty(session)
    assert.deepStrictEqual([detail.state, actions, started()], ["completed", ["resume"], 1])
    assert.deepStrictEqual(calls().slice(1), [`resume ${session}`])
    assert.include(here.read(`${name}.prompts`), "You were interrupted. Go on where you were")
    assert.match(text, new RegExp(`recovery: resume ${name} attempt 1: .*agent session ${session} goes on`))
    assert.deepStrictEqual(here.running(name), [])
  })

  it.each<readonly [string, Agent, string]>([
    ["the agent names no session", "nameless", "never named a session"],
    ["the agent has no form for it", "formless", "has no resume_args"],
    ["the provider cannot", "plain", "\"plain\" cannot resume"]
  ])("waits for a person where %s, and the command that it prints goes on", async (_, name, reason) => {
    const { actions, calls, detail, run, started, text } = await survived(name)
    assert.deepStrictEqual([detail.state, actions, calls().length], ["blocked", ["blocked"], 1])
    assert.include(detail.recovery.at(-1).reason, reason)
    assert.include(text, `recovery: blocked ${name} attempt 1: `)
    assert.deepStrictEqual(here.running(name), [])

    const command = `animus workflow resume ${run} --force`
    assert.include(text, `next: ${command}\n`)
    const refused = await typist.type("workflow", "resume", run)
    assert.strictEqual(refused.status, 4)
    assert.include(refused.stderr, command)

    here.write(`${name}.finish`, "")
    assert.strictEqual((await typist.type(...command.split(" ").slice(1))).status, 0)
    assert.strictEqual((await typist.type("workflow", "watch", run)).status, 0)
    assert.strictEqual((await here.settled(run)).state, "completed")
    assert.deepStrictEqual([calls().length, started()], [2, 2])
  })
})
