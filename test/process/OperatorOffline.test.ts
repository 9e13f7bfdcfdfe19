/** What the command line says and answers when no daemon does, and what a daemon's own files must not say while one lives. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { afterAll, beforeAll } from "vitest"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

const workflows = `
default_workflow_ref: ask
tools_allowlist: [sh]
phases:
  say: { mode: command, command: { program: sh, args: ["-c", "printf 'said \\\\033[31m'"] } }
  gate: { mode: manual, manual: { instructions: "Go on?" } }
workflows: [{ id: ask, phases: [say, gate] }]
`

let here: Workplace
let typist: ReturnType<typeof operator>
beforeAll(() => {
  here = new Workplace(workflows)
  typist = operator(here)
})
afterAll(() => here.end())

/** The daemon of the test before goes on, unless that ended it. */
const started = () => {
  if (!here.isRunning) here.start()
}

const envelope = (text: string) => JSON.parse(text)

const jsonLines = (text: string) => text.trimEnd().split("\n").map((line) => JSON.parse(line))

/** What stands first on each page, and after it whatever the page says to type. */
const leafed = async (...command: ReadonlyArray<string>) => {
  const first: Array<string | undefined> = []
  for (let words = command; words.length > 0;) {
    const { output, status, stdout } = await typist.type(...words)
    assert.strictEqual(status, 0, output)
    first.push(stdout.split("\n")[1]?.split(" ")[0])
    const next = /^more with: animus (.*)$/m.exec(stdout)?.[1] ?? ""
    words = Array.from(next.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? "")
  }
  return first
}

describe("what goes on", () => {
  it("is one JSON value a line from the run's first event on; what ends is one envelope", async () => {
    started()
    const { id: subject } = await here.ask("subject/create", { kind: "task", title: "one" })
    const shown = await typist.type("workflow", "run", subject, "--watch", "--json")
    assert.strictEqual(shown.status, 0, shown.stderr)
    const [begun, ...rest] = jsonLines(shown.stdout)
    const kinds = rest.map(({ kind }) => kind)
    assert.deepStrictEqual(kinds.slice(0, 2), ["workflow_started", "phase_started"])
    assert.include(kinds, "decision_needed")
    assert.include(rest.map(({ text }) => text), "said \u001b[31m")
    assert.notInclude(shown.stdout, "\u001b")
    assert.deepStrictEqual([rest.at(-1)?.id, rest.at(-1)?.status], [begun.workflow_id, "paused"])
    assert.notProperty(begun, "schema")

    assert.isAbove((await typist.answer("logs")).entries.length, 0)
    const run: string = begun.workflow_id
    await typist.answer("workflow", "reject", run)
    const watched = await typist.type("workflow", "watch", run, "--json")
    assert.strictEqual(watched.status, 1)
    assert.strictEqual(jsonLines(watched.stdout).at(-1)?.status, "failed")
    assert.deepStrictEqual(envelope(watched.stderr).error.exit_code, 1)
  })
})

describe("a pipe whose reader is slow", () => {
  it("gets everything before the command ends", async () => {
    started()
    const body = "a long story. ".repeat(8_000)
    const titles = ["first", "second", "third"]
    for (const title of titles) await here.ask("subject/create", { kind: "task", title, body })
    const { stdout } = spawn(here.launcher, ["subject", "list", "--json"], {
      cwd: here.project,
      env: here.env,
      stdio: ["ignore", "pipe", "ignore"]
    })
    await once(stdout, "readable")
    const told = envelope(await text(stdout)).data.subjects
    const sizes = titles.map((title) =>
      told.find((subject: { readonly title: string }) => subject.title === title).description.length
    )
    assert.deepStrictEqual(sizes, titles.map(() => body.length))
  })
})

describe("a page that is not the last", () => {
  it("says what to type for the next", async () => {
    started()
    for (const title of ["fourth", "fifth"]) await here.ask("subject/create", { kind: "task", title })
    const all = (await typist.answer("subject", "list", "--status", "ready")).subjects.map((one: { id: string }) =>
      one.id
    )
    assert.isAbove(all.length, 1)
    assert.deepStrictEqual(await leafed("subject", "list", "--status", "ready", "--limit", "1"), all)
  })
})

describe("without a daemon", () => {
  it("runs and logs are read from their files, and said to be", async () => {
    started()
    const run = await here.begin()
    await here.settled(run)
    const online = envelope((await typist.type("workflow", "get", run, "--json")).stdout)
    assert.notProperty(online, "offline")
    await here.stopped()

    const offline = async (...args: ReadonlyArray<string>) => {
      const told = await typist.type(...args)
      assert.deepStrictEqual(
        [told.status, /^offline: .*animus daemon start$/m.test(told.stderr)],
        [0, true],
        told.stderr
      )
      const { status, stderr, stdout } = await typist.type(...args, "--json")
      assert.deepStrictEqual([status, stderr, envelope(stdout).offline], [0, "", true])
      return envelope(stdout).data
    }
    assert.deepStrictEqual(await offline("workflow", "get", run), online.data)
    const { runs } = await offline("workflow", "list", "--status", "paused")
    assert.deepStrictEqual(runs.map(({ id }: { readonly id: string }) => id), [run])
    const pages = await leafed("workflow", "list", "--limit", "1")
    assert.deepStrictEqual([pages[0], new Set(pages).size], [run, 2])
    assert.match((await typist.refusal("workflow", "list", "--cursor", "x")).message, /next_cursor of the page before/)
    assert.strictEqual((await offline("workflow", "journal", run)).length, here.events(run).length)
    const { entries } = await offline("logs", "--since", "1h")
    assert.include(entries.map(({ message }: { readonly message: string }) => message), "daemon_startup")
    assert.deepStrictEqual((await typist.answer("logs", "--since", "2999-01-01")).entries, [])
    assert.strictEqual((await typist.type("workflow", "get", "nope")).status, 3)
    assert.strictEqual((await typist.type("logs", "-f")).status, 5)
  })

  it("the files are not believed while a daemon holds them, though it does not answer", async () => {
    started()
    const run = await here.begin()
    rmSync(join(here.scope, "control.sock"))
    const { status, stderr } = await typist.type("workflow", "get", run)
    assert.deepStrictEqual([status, stderr.includes("a daemon holds this project")], [5, true], stderr)
    here.kill()
  })
})

describe("a damaged file", () => {
  it("of the registry is named wherever its plugins are missed", async () => {
    const registry = join(here.root, "state", "plugins.yaml")
    writeFileSync(registry, "{{")
    here.start()
    const fault = `the registry ${registry} cannot be read`
    const listed = (await typist.type("plugin", "list")).stdout
    assert.include(listed, fault)
    assert.notInclude(listed, "animus init")
    assert.include((await typist.type("subject", "list", "--kind", "other")).stderr, fault)
    const health = await typist.answer("daemon", "health")
    assert.deepStrictEqual([health.status, health.last_error.includes(fault)], ["degraded", true])
    await here.stopped()
    rmSync(registry)
  })

  it("of the plugin lock keeps every plugin from being started, and says so", async () => {
    const lock = join(here.root, "state", "plugins.lock")
    const whole = readFileSync(lock, "utf8")
    writeFileSync(lock, whole.replace("1.0", "2.0"))
    here.start()
    const fault = `the plugin lock ${lock} cannot be read: its schema_version is 2.0`
    assert.include((await typist.type("plugin", "list")).stdout, fault)
    assert.include((await typist.type("subject", "list")).stderr, fault)
    assert.include((await typist.type("plugin", "lock", "verify")).stderr, fault)
    assert.include(here.animus("init").stderr, fault)
    await here.stopped()
    writeFileSync(lock, whole)
  })

  it("of the queue is told as the queue's, once by name", () => {
    mkdirSync(join(here.scope, "queue"), { recursive: true })
    writeFileSync(join(here.scope, "queue", "journal.jsonl"), "{\"crc\":\"00000000\",\"x\":1}\n")
    const { status, stderr } = here.animus("daemon", "start")
    assert.strictEqual(status, 5)
    assert.include(stderr, "the queue's journal")
    assert.notInclude(stderr, "without this run")
    assert.strictEqual(stderr.split("animus: ").length, 2, stderr)
  })
})
