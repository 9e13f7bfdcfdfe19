import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { operator } from "./Typed.ts"

const launcher = join(import.meta.dirname, "..", "..", "bin", "animus")
const root = realpathSync(mkdtempSync(join(tmpdir(), "animus-operator-")))
const project = join(root, "project")
const state = join(root, "state")

const env = { PATH: process.env["PATH"], HOME: root, ANIMUS_CONFIG_DIR: state }

/** The program itself: at least once for each exit code, and where it starts what outlives it. */
const animus = (...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(launcher, [...args], { cwd: project, encoding: "utf8", env })
  return { status, stdout: stdout.trim(), stderr: stderr.trim() }
}

const told = (...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = animus(...args, "--json")
  assert.strictEqual(status, 0, stderr)
  return JSON.parse(stdout).data
}

const refused = (...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = animus(...args, "--json")
  return { status, stdout, ...JSON.parse(stderr).error }
}

const { answer, refusal, type } = operator({ project, env })

const workflows = (text: string) => writeFileSync(join(project, ".animus", "workflows.yaml"), text)

let begun: { readonly repository: boolean }
beforeAll(() => {
  mkdirSync(project)
  mkdirSync(state, { mode: 0o700 })
  begun = told("init", "--test", "true")
})

afterAll(async () => {
  await type("daemon", "stop", "--shutdown-timeout-secs", "1")
  rmSync(root, { recursive: true, force: true })
})

describe("without a daemon", () => {
  it("status tells the truth and is no failure", async () => assert.isFalse((await answer("status")).daemon.running))

  it("what needs one says how to start it", () => {
    const error = refused("subject", "list")
    assert.deepInclude(error, { status: 5, exit_code: 5, stdout: "" })
    assert.include(error.message, "animus daemon start")
  })

  it("mistyped commands and flags are exit 2, enveloped too", async () => {
    assert.deepInclude(refused("nonsense"), { status: 2, code: "invalid_input", stdout: "" })
    assert.strictEqual((await refusal("subject", "list", "--kinds", "task")).details.stage, "parse")
    assert.strictEqual((await refusal("queue")).details.stage, "parse")
    const slip = await type("staus")
    assert.strictEqual(slip.stderr.trim().split("\n").length, 1, slip.stderr)
    assert.include(slip.stderr, "Did you mean this? status.")
  })

  it("half a command is answered with its help, and that is no failure", async () => {
    const { status, stdout } = await type("queue")
    assert.deepStrictEqual([status, stdout.includes("enqueue")], [0, true])
  })

  it("a time that cannot be read is refused, with one that can", async () => {
    const error = await refusal("logs", "--since", "yesterday")
    assert.deepStrictEqual([error.exit_code, error.message.includes("15m")], [2, true])
  })

  it("a folder that is in no repository is a project of its own, and init says so", () => {
    assert.isFalse(begun.repository)
    assert.include(animus("init").stdout, "is in no git repository")
    assert.notInclude(animus("init", "--project-root", ".").stdout, "is in no git repository")
  })

  const refusalIn = (folder: string) =>
    operator({ project, env: { ...env, ANIMUS_CONFIG_DIR: folder } }).refusal("status")

  it("a socket path that is too long is refused with its cure", async () => {
    const error = await refusalIn(join(root, "x".repeat(90)))
    assert.deepStrictEqual([error.exit_code, error.message.includes("ANIMUS_CONFIG_DIR")], [2, true])
  })

  it("a state folder that others can reach is refused with its cure", async () => {
    const open = join(root, "open")
    mkdirSync(open)
    chmodSync(open, 0o777)
    assert.include((await refusalIn(open)).message, "chmod")
  })
})

describe("with a daemon", () => {
  it("starts once, however often it is asked", () => {
    const first = told("daemon", "start")
    const second = told("daemon", "start")
    assert.deepStrictEqual([second.pid, second.already_running], [first.pid, true])
    assert.deepInclude(refused("daemon", "run"), { status: 4, code: "conflict", stdout: "" })
  })

  it("unknown runs, subjects, plugins and workflows are exit 3 and name what there is", async () => {
    const { id } = await answer("subject", "create", "--title", "A task")
    assert.deepInclude(refused("workflow", "get", "nope"), { status: 3, exit_code: 3, stdout: "" })
    const absent = await refusal("subject", "get", "task:NOPE")
    assert.deepStrictEqual([absent.code, absent.exit_code], ["not_found", 3])
    assert.include(absent.message, "animus subject list --kind task")
    assert.include((await refusal("plugin", "info", "nope")).message, "animus-provider-exec")
    assert.include((await refusal("workflow", "run", id, "--workflow", "nope")).message, "standard")
  })

  it("tells every problem of a workflow file with its place", async () => {
    workflows("workflows:\n  - id: a\n    phases: [one, two]\nphases:\n  one: { mode: agnt }\n")
    const { exit_code, message } = await refusal("workflow", "run", "task:TASK-001")
    assert.strictEqual(exit_code, 2)
    assert.include(message, "workflows.yaml:3:19")
    assert.include(message, "workflows.yaml:5:16")
  })

  it("executes nothing of a project that was not trusted as it stands", async () => {
    workflows(
      "phases: { one: { mode: command, command: { program: make } } }\nworkflows: [{ id: a, phases: [one] }]\ndefault_workflow_ref: a\n"
    )
    assert.include((await refusal("workflow", "run", "task:TASK-001")).message, "animus trust")
  })

  it("a gate decides once, by the very command that is printed as the next one", async () => {
    workflows(
      "phases: { ask: { mode: manual, manual: { instructions: Well? } } }\nworkflows: [{ id: a, phases: [ask] }]\ndefault_workflow_ref: a\n"
    )
    const { workflow_id: run } = await answer("workflow", "run", "task:TASK-001")
    await type("workflow", "watch", run)
    const { next, state } = (await answer("workflow", "get", run)).detail
    assert.strictEqual(state, "waiting")
    assert.strictEqual(next, `animus workflow approve ${run} ask`)
    await answer(...next.split(" ").slice(1))
    assert.strictEqual(animus("workflow", "watch", run).status, 0)
    assert.strictEqual((await answer("workflow", "get", run)).status, "completed")
    assert.strictEqual((await refusal("workflow", "approve", run, "ask")).code, "conflict")
    assert.strictEqual((await refusal("workflow", "approve", run)).code, "conflict")
    assert.strictEqual((await refusal("workflow", "reject", run)).code, "conflict")
    assert.include((await refusal("workflow", "pause", run, "--confirm", "another")).code, "invalid_input")
    assert.strictEqual((await refusal("workflow", "cancel", run)).exit_code, 2)
  })

  it("a provider that nobody brings fails the run, and the run says which and what to do", async () => {
    workflows(
      "agents: { a: { tool: nothere } }\nphases: { one: { mode: agent, agent: a } }\nworkflows: [{ id: a, phases: [one] }]\ndefault_workflow_ref: a\n"
    )
    const { workflow_id: run } = await answer("workflow", "run", "task:TASK-001")
    const watched = animus("workflow", "watch", run)
    assert.strictEqual(watched.status, 1)
    assert.include(watched.stderr, `Next: animus workflow journal ${run}`)
    const { detail } = await answer("workflow", "get", run)
    assert.strictEqual(detail.state, "failed")
    assert.include(detail.reason, "no provider plugin serves tool \"nothere\"")
  })

  it("stops, and says so", async () => {
    await answer("daemon", "stop", "--shutdown-timeout-secs", "5")
    assert.isFalse((await answer("daemon", "status")).running)
  })
})
