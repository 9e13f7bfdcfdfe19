/** Commands as scripts of other releases spell them: each says the same as ours. */
import { assert, describe, it } from "@effect/vitest"
import { afterAll, beforeAll } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

const place = new Workplace(`
default_workflow_ref: asking
tools_allowlist: [echo]
agents:
  patient: { tool: exec, launch: { command: sh, args: ["-c", "cat > /dev/null; until [ -e go ]; do sleep 0.1; done"] } }
phases:
  say: { mode: command, command: { program: echo, args: ["{{subject_title}}", "{{dispatch_input}}"] } }
  ask: { mode: manual, manual: { instructions: Well? } }
  wait: { mode: agent, agent: patient }
  think: { mode: agent, runtime: { tool: exec, max_attempts: 1 } }
workflows:
  - { id: agents, phases: [think] }
  - { id: patient, phases: [wait] }
  - { id: asking, phases: [ask] }
  - { id: quick, phases: [say] }
triggers:
  - { id: hook, type: webhook, workflow_ref: quick, config: {} }
  - { id: off, type: webhook, workflow_ref: quick, config: {}, enabled: false }
`)

const { answer, refusal, type } = operator(place)

beforeAll(() => place.start("--autonomous", "--skip-preflight"))
afterAll(() => place.end())

describe("a run is begun", () => {
  it("on a task that a flag names, in a workflow_ref, with input, and is waited for", async () => {
    const { id } = await answer("subject", "create", "--title", "Totals")
    const flags = ["--workflow-ref", "quick", "--input-json", "{\"size\":2}", "--sync"]
    const { status, stdout } = await type("workflow", "run", "--task-id", id.replace("task:", ""), ...flags)
    assert.strictEqual(status, 0)
    assert.include(stdout, "Totals {\"size\":2}")
    assert.include(stdout, "is completed")
  })

  it("on work that a title names, of the default workflow", async () => {
    const { workflow_id: run } = await answer("workflow", "run", "--title", "Of its own", "--description", "in full")
    const { definition, detail } = await answer("workflow", "get", run)
    assert.deepStrictEqual([definition, detail.subject.id], ["asking", "Of its own"])
  })

  it("with another tool than its agents name", async () => {
    const run =
      (await answer("workflow", "run", "--title", "Other", "--workflow", "agents", "--tool", "nobody", "--model", "m"))
        .workflow_id
    assert.strictEqual((await type("workflow", "watch", run)).status, 1)
    assert.include((await answer("workflow", "get", run)).detail.reason, "no provider plugin serves tool \"nobody\"")
  })

  it("on one thing only", async () => {
    assert.strictEqual((await refusal("workflow", "run")).exit_code, 2)
    assert.strictEqual((await refusal("workflow", "run", "task:TASK-001", "--title", "b")).exit_code, 2)
    assert.strictEqual((await refusal("workflow", "run", "task:TASK-001", "--description", "b")).exit_code, 2)
  })
})

describe("a gate is decided by flags", () => {
  const waiting = async () => {
    const { workflow_id: run } = await answer("workflow", "run", "--title", "Gate")
    await place.settled(run)
    return run
  }

  it("yes", async () => {
    const run = await waiting()
    await answer("workflow", "phase", "approve", "--id", run, "--phase", "ask", "--note", "fine")
    assert.strictEqual((await type("workflow", "watch", run)).status, 0)
  })

  it("no", async () => {
    const run = await waiting()
    await answer("workflow", "phase", "reject", "--id", run, "--phase", "ask", "--note", "wrong")
    await place.settled(run)
    assert.strictEqual((await answer("workflow", "get", run)).status, "failed")
  })
})

describe("subjects", () => {
  it("are named by kind and id apart, and take a status with an underscore", async () => {
    const { id, priority } = await answer(
      "subject",
      "create",
      "--kind",
      "task",
      "--title",
      "Apart",
      "--priority",
      "high"
    )
    assert.strictEqual(priority, 3)
    assert.strictEqual((await refusal("subject", "create", "--title", "x", "--priority", "9")).details.stage, "parse")
    const bare = id.replace("task:", "")
    assert.strictEqual((await answer("subject", "get", "--kind", "task", bare)).id, id)
    assert.strictEqual((await answer("subject", "status", "--kind", "task", bare, "in_progress")).status, "in-progress")
    assert.include(
      (await answer("subject", "list", "--status", "in_progress")).subjects.map((one: { id: string }) => one.id),
      id
    )
  })
})

describe("the queue", () => {
  const filed = async (title: string) => (await answer("subject", "create", "--title", title)).id
  const entries = async () =>
    (await answer("queue", "list")).entries.map(({ subject_id }: { subject_id: string }) => subject_id)

  it("is told of several entries at once, by their ids or those of their subjects", async () => {
    await answer("daemon", "pause")
    const ids = [await filed("one"), await filed("two"), await filed("three")]
    await answer("queue", "enqueue", ids[0])
    await answer("queue", "enqueue", "--task-id", ids[1], "--workflow-ref", "quick", "--input-json", "{\"n\":1}")
    await answer("queue", "enqueue", "--task-id", ids[2])
    assert.strictEqual((await refusal("queue", "enqueue")).exit_code, 2)
    assert.include((await refusal("queue", "enqueue", ids[0], "--workflow", "nope")).message, "quick")
    const slip = await refusal("queue", "enqueue", ids[0], "--workflow", "quick", "--var", "nope=1")
    assert.deepInclude(slip, { exit_code: 2, message: `workflow "quick" has no variable nope (it declares none)` })
    await answer("queue", "reorder", ids[2], ids[1])
    assert.deepStrictEqual(await entries(), [ids[2], ids[1], ids[0]])
    assert.deepInclude(await answer("queue", "hold", ids[0], ids[1]), {
      op: "hold",
      requested: 2,
      succeeded: 2,
      failed: 0
    })
    await answer("queue", "release", ids[1])
    await answer("queue", "hold", ids[1], "--reason", "too soon")
    assert.match((await type("queue", "list")).stdout, /held .* too soon\n/)
    const { details, exit_code } = await refusal("queue", "release", ids[0], ids[2])
    assert.strictEqual(exit_code, 4)
    assert.deepStrictEqual(details.items.map(({ id, ok }: { id: string; ok: boolean }) => [id, ok]), [
      [ids[0], true],
      [ids[2], false]
    ])
    assert.include((await refusal("queue", "drop", "--all")).message, "animus queue drop --all --yes")
    assert.strictEqual((await refusal("queue", "drop")).exit_code, 2)
    assert.lengthOf(await entries(), 3)
    assert.deepInclude(await answer("queue", "drop", "--all", "--yes"), { all: true, succeeded: 3 })
    assert.isEmpty(await entries())
    await answer("daemon", "resume")
  })
})

describe("triggers", () => {
  it("are listed, and fired by hand", async () => {
    assert.deepStrictEqual((await answer("trigger", "list")).triggers.map((one: { id: string }) => one.id), [
      "hook",
      "off"
    ])
    assert.strictEqual((await answer("trigger", "fire", "Hook", "--payload", "{\"x\":1}")).subject_id, "trigger:hook")
    assert.strictEqual((await refusal("trigger", "fire", "off")).code, "conflict")
    assert.strictEqual((await refusal("trigger", "fire", "nope")).code, "not_found")
    assert.strictEqual((await refusal("trigger", "fire", "hook", "--payload", "{")).details.stage, "parse")
  })
})

describe("a look", () => {
  it("at the daemon's health says in one word whether it is well", async () => {
    assert.deepInclude(await answer("daemon", "health"), {
      healthy: true,
      process_alive: true,
      runtime_paused: false,
      provider_plugins_healthy: true
    })
  })

  it("at who is at work names each agent and its run", async () => {
    const agents = async () => (await answer("daemon", "agents")).agents
    assert.isEmpty(await agents())
    const run = (await answer("workflow", "run", "--title", "Wait", "--workflow", "patient")).workflow_id
    await until("the agent is at work", async () => (await place.ask("daemon/agents", {})).agents.length === 1)
    assert.deepInclude((await agents())[0], { provider: "exec", workflow_id: run })
    place.write("go", "")
    assert.strictEqual((await type("workflow", "watch", run)).status, 0)
    assert.isEmpty(await agents())
  })

  it("at what a run decided is a table of its attempts", async () => {
    const run = (await answer("workflow", "run", "--title", "Decide", "--workflow", "quick")).workflow_id
    assert.strictEqual((await type("workflow", "watch", run)).status, 0)
    const { decisions } = await answer("workflow", "decisions", run)
    assert.deepInclude(decisions[0], { phase_id: "say", attempt: 1, verdict: "advance", risk: "low" })
    assert.strictEqual((await refusal("workflow", "decisions", "nope")).code, "not_found")
  })

  it("at what was counted has a run in it", async () => {
    const run = (await answer("workflow", "run", "--title", "Count", "--workflow", "quick")).workflow_id
    assert.strictEqual((await type("workflow", "watch", run)).status, 0)
    const { counters, histograms } = await answer("daemon", "metrics")
    assert.isAtLeast(counters["workflow_runs_total{status=completed}"], 1)
    assert.isAtLeast(histograms["phase_duration_seconds{phase_name=say}"].count, 1)
    assert.match((await type("daemon", "metrics")).stdout, /^METRIC +SINCE THE START\ndaemon_uptime_seconds /)
  })

  it("at the version is a command, too", async () => {
    assert.match((await answer("version")).version, /^\d+\.\d+\.\d+/)
    assert.isEmpty(place.answer("plugin", "install-defaults").installed)
    assert.isTrue((await answer("doctor")).healthy)
  })
})

describe("what needs no daemon", () => {
  it("tells what the files define", async () => {
    const { definitions } = await answer("workflow", "definitions", "list")
    assert.deepStrictEqual(definitions.map((one: { id: string; default: boolean }) => [one.id, one.default]), [
      ["agents", false],
      ["patient", false],
      ["asking", true],
      ["quick", false]
    ])
    assert.strictEqual((await answer("workflow", "phases", "get", "SAY")).phases[0].phase.program, "echo")
    assert.strictEqual((await refusal("workflow", "phases", "get", "nope")).code, "not_found")
    assert.isTrue((await answer("workflow", "config", "compile")).valid)
  })
})

describe("the log", () => {
  it("is searched and cut, under each of its names", async () => {
    const all = (await answer("logs", "tail", "--since", "1h", "--search", "DAEMON_START")).entries
    assert.isNotEmpty(all)
    for (const { message } of all) assert.include(message, "daemon_start")
    assert.lengthOf((await answer("daemon", "logs", "--limit", "1")).entries, 1)
  })
})

describe("preflight", () => {
  it("says what no plugin is there for, and what to type; and installs it where it may", async () => {
    assert.deepInclude(await answer("daemon", "preflight"), { ok: true, missing: [], auto_installed: [] })
    await answer("plugin", "uninstall", "animus-provider-exec")
    const { details, exit_code, message } = await refusal("daemon", "preflight")
    assert.strictEqual(exit_code, 2)
    assert.deepStrictEqual(details.missing, ["at_least_one_provider"])
    assert.include(message, "animus plugin install-defaults")
    const { auto_installed } = place.answer("daemon", "preflight", "--auto-install")
    assert.deepStrictEqual(auto_installed, ["animus-provider-exec"])
  })
})

describe("a restart", () => {
  it("ends the daemon that runs, if one does, and starts another", async () => {
    const before = (await answer("daemon", "status")).pid
    const after = place.answer("daemon", "restart", "--shutdown-timeout-secs", "1").pid
    assert.notStrictEqual(after, before)
    await answer("daemon", "stop", "--shutdown-timeout-secs", "1")
    assert.isFalse(place.answer("daemon", "restart").already_running)
    place.start()
  })
})
