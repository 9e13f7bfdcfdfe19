/** What the command line says and answers when no daemon does, and what a daemon's own files must not say while one lives. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { text } from "node:stream/consumers"
import { afterEach } from "vitest"
import { Workplace } from "./Workplace.ts"

const workflows = `
default_workflow_ref: ask
tools_allowlist: [sh]
phases:
  say: { mode: command, command: { program: sh, args: ["-c", "printf 'said \\\\033[31m'"] } }
  gate: { mode: manual, manual: { instructions: "Go on?" } }
workflows: [{ id: ask, phases: [say, gate] }]
`

let place: Workplace | undefined
afterEach(() => place?.end())

const workplace = () => {
  const here = new Workplace(workflows)
  place = here
  return here
}

const envelope = (text: string) => JSON.parse(text)

const jsonLines = (text: string) => text.trimEnd().split("\n").map((line) => JSON.parse(line))

describe("without a daemon", () => {
  it("runs and logs are read from their files, and said to be", () => {
    const here = workplace()
    here.start()
    const { id: subject } = here.answer("subject", "create", "--title", "one")
    const { workflow_id: run } = here.answer("workflow", "run", subject)
    here.animus("workflow", "watch", run)
    const online = envelope(here.animus("workflow", "get", run, "--json").stdout)
    assert.notProperty(online, "offline")
    here.answer("daemon", "stop", "--shutdown-timeout-secs", "5")

    for (const args of [["workflow", "list"], ["workflow", "get", run], ["workflow", "journal", run], ["logs"]]) {
      const told = here.animus(...args)
      assert.deepStrictEqual(
        [told.status, /^offline: .*animus daemon start$/m.test(told.stderr)],
        [0, true],
        told.stderr
      )
      const { status, stderr, stdout } = here.animus(...args, "--json")
      assert.deepStrictEqual([status, stderr, envelope(stdout).offline], [0, "", true])
    }
    assert.deepStrictEqual(envelope(here.animus("workflow", "get", run, "--json").stdout).data, online.data)
    const { runs } = here.answer("workflow", "list", "--status", "paused")
    assert.deepStrictEqual(runs.map(({ id }: { readonly id: string }) => id), [run])
    const { entries } = here.answer("logs", "--since", "1h")
    assert.include(entries.map(({ message }: { readonly message: string }) => message), "daemon_startup")
    assert.deepStrictEqual(here.answer("logs", "--since", "2999-01-01").entries, [])
    assert.strictEqual(here.animus("workflow", "get", "nope").status, 3)
    assert.strictEqual(here.animus("logs", "-f").status, 5)
  })

  it("the files are not believed while a daemon holds them, though it does not answer", () => {
    const here = workplace()
    here.start()
    const { id: subject } = here.answer("subject", "create", "--title", "one")
    const { workflow_id: run } = here.answer("workflow", "run", subject)
    const { location } = here.answer("workflow", "get", run).detail
    rmSync(join(dirname(dirname(location)), "control.sock"))
    const { status, stderr } = here.animus("workflow", "get", run)
    assert.deepStrictEqual([status, stderr.includes("a daemon holds this project")], [5, true], stderr)
    here.kill()
  })
})

describe("what goes on", () => {
  it("is one JSON value a line from the run's first event on; what ends is one envelope", () => {
    const here = workplace()
    here.start()
    const { id: subject } = here.answer("subject", "create", "--title", "one")
    const shown = here.animus("workflow", "run", subject, "--watch", "--json")
    assert.strictEqual(shown.status, 0, shown.stderr)
    const [begun, ...rest] = jsonLines(shown.stdout)
    const kinds = rest.map(({ kind }) => kind)
    assert.deepStrictEqual(kinds.slice(0, 2), ["workflow_started", "phase_started"])
    assert.include(kinds, "decision_needed")
    assert.include(rest.map(({ text }) => text), "said \u001b[31m")
    assert.notInclude(shown.stdout, "\u001b")
    assert.deepStrictEqual([rest.at(-1)?.id, rest.at(-1)?.status], [begun.workflow_id, "paused"])
    assert.notProperty(begun, "schema")

    assert.isAbove(here.answer("logs").entries.length, 0)
    const run: string = begun.workflow_id
    here.answer("workflow", "reject", run)
    const watched = here.animus("workflow", "watch", run, "--json")
    assert.strictEqual(watched.status, 1)
    assert.strictEqual(jsonLines(watched.stdout).at(-1)?.status, "failed")
    assert.deepStrictEqual(envelope(watched.stderr).error.exit_code, 1)
  })
})

describe("a pipe whose reader is slow", () => {
  it("gets everything before the command ends", async () => {
    const here = workplace()
    here.start()
    const body = "a long story. ".repeat(8_000)
    const titles = ["one", "two", "three"]
    for (const title of titles) here.answer("subject", "create", "--title", title, "--body", body)
    const { stdout } = spawn(here.launcher, ["subject", "list", "--json"], {
      cwd: here.project,
      env: here.env,
      stdio: ["ignore", "pipe", "ignore"]
    })
    await once(stdout, "readable")
    const told = envelope(await text(stdout)).data.subjects
    assert.deepStrictEqual(told.map(({ description }: { readonly description: string }) => description.length), [
      body.length,
      body.length,
      body.length
    ])
  })
})

describe("a damaged file", () => {
  it("of the registry is named wherever its plugins are missed", () => {
    const here = workplace()
    const registry = join(here.root, "state", "plugins.yaml")
    writeFileSync(registry, "{{")
    here.start()
    const fault = `the registry ${registry} cannot be read`
    assert.include(here.animus("plugin", "list").stdout, fault)
    assert.notInclude(here.animus("plugin", "list").stdout, "animus init")
    assert.include(here.animus("subject", "list", "--kind", "other").stderr, fault)
    const health = here.answer("daemon", "health")
    assert.deepStrictEqual([health.status, health.last_error.includes(fault)], ["degraded", true])
  })

  it("of the plugin lock keeps every plugin from being started, and says so", () => {
    const here = workplace()
    const lock = join(here.root, "state", "plugins.lock")
    writeFileSync(lock, readFileSync(lock, "utf8").replace("1.0", "2.0"))
    here.start()
    const fault = `the plugin lock ${lock} cannot be read: its schema_version is 2.0`
    assert.include(here.animus("plugin", "list").stdout, fault)
    assert.include(here.animus("subject", "list").stderr, fault)
    assert.include(here.animus("plugin", "lock", "verify").stderr, fault)
    assert.include(here.animus("init").stderr, fault)
  })

  it("of the queue is told as the queue's, once by name", () => {
    const here = workplace()
    here.start()
    here.answer("daemon", "stop")
    const state = join(here.root, "state")
    const scope = readdirSync(state).find((name) => name.startsWith("project-")) ?? ""
    mkdirSync(join(state, scope, "queue"), { recursive: true })
    writeFileSync(join(state, scope, "queue", "journal.jsonl"), "{\"crc\":\"00000000\",\"x\":1}\n")
    const { status, stderr } = here.animus("daemon", "start")
    assert.strictEqual(status, 5)
    assert.include(stderr, "the queue's journal")
    assert.notInclude(stderr, "without this run")
    assert.strictEqual(stderr.split("animus: ").length, 2, stderr)
  })
})

describe("the demo", () => {
  it("leaves no state of its own beside the user's", () => {
    const here = workplace()
    const before = readdirSync(join(here.root, "state")).toSorted()
    const { status, stderr } = here.animus("demo", "--no-crash", "--pace", "1")
    assert.strictEqual(status, 0, stderr)
    assert.deepStrictEqual(readdirSync(join(here.root, "state")).toSorted(), before)
    assert.notInclude(readFileSync(join(here.root, "state", "plugins.lock"), "utf8"), "animus-demo-")
  })
})
