/** A disk without room stops a run where it is, tells everybody who asks what to do, and holds nothing up afterwards. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { namespaces, realDisk, seamedDisk, type SmallDisk } from "./SmallDisk.ts"
import { askAt } from "./Workplace.ts"

const launcher = join(import.meta.dirname, "..", "..", "bin", "animus")

/** What the phase leaves to be written is more than any room that a file has left in its last page. */
const script = "echo once >> begun; while [ ! -e go ]; do sleep 0.05; done; head -c 16000 /dev/zero | tr '\\\\0' x"
const workflows = `
default_workflow_ref: work
tools_allowlist: [sh]
phases:
  work:
    mode: command
    idempotency: sideeffecting
    command: { program: sh, args: [-c, "${script}"], excerpt_max_chars: 16000 }
workflows: [{ id: work, phases: [work] }]
`

class Place {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "animus-full-")))
  readonly project = join(this.root, "project")
  readonly state = join(this.root, "state")
  readonly env = { PATH: process.env["PATH"], HOME: this.root, ANIMUS_CONFIG_DIR: this.state }
  disk: SmallDisk | undefined

  constructor() {
    mkdirSync(join(this.project, ".animus"), { recursive: true })
    mkdirSync(this.state, { mode: 0o700 })
    writeFileSync(join(this.project, ".animus", "workflows.yaml"), workflows)
  }

  readonly animus = (...args: ReadonlyArray<string>) => {
    const [program = "", ...before] = this.disk?.within(this.project) ?? []
    return spawnSync(program, [...before, launcher, ...args, "--json"], {
      encoding: "utf8",
      env: this.env,
      timeout: 180_000
    })
  }

  readonly answer = (...args: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = this.animus(...args)
    assert.strictEqual(status, 0, stderr)
    return JSON.parse(stdout).data
  }

  /** Asks the daemon itself, on whose disk its socket is. */
  readonly ask = (method: string, params: object = {}) => {
    const seen = this.disk?.seen(this.state) ?? this.state
    const scope = existsSync(seen) ? readdirSync(seen).find((name) => name.startsWith("project-")) : undefined
    return askAt(join(seen, scope ?? "", "control.sock"), method, params)
  }

  readonly detail = async (run: string) => (await this.ask("workflow/get", { id: run })).detail

  async end(): Promise<void> {
    if (this.disk !== undefined) {
      this.animus("daemon", "stop", "--shutdown-timeout-secs", "1")
      await this.disk.close()
    }
    rmSync(this.root, { recursive: true, force: true })
  }
}

let place: Place | undefined
afterEach(() => place?.end())

const how = namespaces ? "a real one of 8 MiB" : "the fault seam: this kernel refuses user namespaces"

describe("a full disk", () => {
  it(`is told to whoever asks, starts nothing new, and holds a run up only while it is full (${how})`, async () => {
    const here = new Place()
    place = here
    const disk = namespaces ? await realDisk(here.state) : seamedDisk(here.state)
    here.disk = disk
    here.answer("init")
    here.answer("trust")
    disk.start(here.project, launcher, here.env)
    await until("the daemon runs", () => here.ask("daemon/status").then(({ running }) => running, () => false))
    const filed = async (title: string) => (await here.ask("subject/create", { kind: "task", title })).id
    const [one, two] = [await filed("one"), await filed("two")]
    const { workflow_id: run } = await here.ask("workflow/run", { task_id: one })
    await until("the phase has begun", () => existsSync(join(here.project, "begun")))
    assert.strictEqual((await here.ask("daemon/health")).status, "healthy")

    disk.fill()
    writeFileSync(join(here.project, "go"), "")
    await until(
      "the run says that it waits",
      async () => (await here.detail(run)).reason?.startsWith("waits for the store") === true
    )
    const { location, next, reason, state } = here.answer("workflow", "get", run).detail
    assert.match(reason, /no space left for .*journal\.jsonl\. Free some space there: it goes on by itself/)
    assert.deepStrictEqual([next, state], [`df -h ${location}`, "running"])
    const health = here.answer("daemon", "health")
    assert.strictEqual(health.status, "degraded")
    assert.include(health.last_error, `run ${run} waits for the store`)
    const refused = here.animus("workflow", "run", two)
    assert.strictEqual(refused.status, 5)
    const { message } = JSON.parse(refused.stderr).error
    assert.match(message, /^nothing was started: no space left for .*Free some space there, then type the same command/)
    assert.strictEqual((await here.ask("workflow/list")).runs.length, 1)

    disk.free()
    await until(
      "the run has gone on by itself",
      async () => (await here.ask("workflow/get", { id: run })).status === "completed"
    )
    assert.strictEqual((await here.ask("daemon/health")).status, "healthy")
    assert.notStrictEqual((await here.ask("workflow/run", { task_id: two })).workflow_id, run)
    await until("the other has begun as well", () => readFileSync(join(here.project, "begun"), "utf8").length > 5)
    assert.strictEqual(readFileSync(join(here.project, "begun"), "utf8"), "once\nonce\n")
  })

  it.skipIf(!namespaces)(
    "is what an install that does not fit speaks of, and the next one that does is made",
    async () => {
      const here = new Place()
      place = here
      here.disk = await realDisk(here.state)
      const program = (padding: number) => {
        const file = join(here.root, "animus-plugin-large")
        const manifest = { name: "animus-plugin-large", version: "1.0.0", plugin_kind: "custom", description: "" }
        const text = JSON.stringify({ ...manifest, protocol_version: "1.1.0" })
        writeFileSync(file, `#!/bin/sh\necho '${text}'\nexit\n${"x".repeat(padding)}`, { mode: 0o755 })
        return file
      }
      const refused = here.animus("plugin", "install", "--path", program(8 * 1024 * 1024))
      assert.strictEqual(refused.status, 5)
      const { code, message } = JSON.parse(refused.stderr).error
      assert.strictEqual(code, "unavailable")
      assert.include(message, `plugin store ${join(here.state, "store")} cannot be used: no space is left on its disk`)
      assert.strictEqual(here.answer("plugin", "install", "--path", program(1024)).name, "animus-plugin-large")
    }
  )
})
