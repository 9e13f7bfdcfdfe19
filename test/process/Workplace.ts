/** A project of its own with a real daemon: driven by the command line, killed without a word, cleaned up whatever happened. */
import { execFileSync, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { assert } from "vitest"
import { isAlive, until } from "./referencePluginsHost.ts"

const launcher = join(import.meta.dirname, "..", "..", "bin", "animus")

/** A workflow that only waits for a person. */
export const askingOnce = `
default_workflow_ref: ask
phases: { ask: { mode: manual, manual: { instructions: Well? } } }
workflows: [{ id: ask, phases: [ask] }]
`

/** What `animus init` leaves in a state folder and is the same for every project: made by the first of this process. */
const initialised = join(tmpdir(), `animus-initialised-${process.pid}`)
const portable = ["plugins.lock", "store", "cache"]

/** By the workflows of a project, which are all there is to trust in it: the hash that `animus trust` approved of. */
const approved = new Map<string, string>()

/** With the modes of its folders, too. */
const copyPortable = (from: string, to: string) =>
  execFileSync("cp", ["-a", ...portable.map((name) => join(from, name)), to])

const forget = () => rmSync(initialised, { recursive: true, force: true })
process.once("exit", forget)
// Vitest ends its workers so.
process.once("SIGTERM", () => {
  forget()
  process.kill(process.pid, "SIGTERM")
})

export const askAt = async (path: string, method: string, params: object) => {
  const socket = connect(path)
  socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method, params })}\n`)
  const [line] = await Promise.race([once(createInterface({ input: socket }), "line"), once(socket, "close")])
  socket.destroy()
  assert.isString(line, "the daemon hung up")
  const { error, result } = JSON.parse(line)
  assert.isUndefined(error, line)
  return result
}

export class Workplace {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "animus-workplace-")))
  readonly project = join(this.root, "project")
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the daemon that was started last. */
  private pid = 0

  /** `variables`: more of the environment that it is driven in. */
  constructor(workflows: string, variables: Readonly<Record<string, string>> = {}) {
    this.env = {
      PATH: process.env["PATH"],
      HOME: this.root,
      ANIMUS_CONFIG_DIR: join(this.root, "state"),
      ...variables
    }
    mkdirSync(join(this.project, ".animus"), { recursive: true })
    mkdirSync(join(this.root, "state"), { mode: 0o700 })
    writeFileSync(join(this.project, ".animus", "workflows.yaml"), workflows)
    this.initialise()
    this.trust(workflows)
  }

  /** The same files are trusted with one command, wherever they lie. */
  private trust(workflows: string): void {
    const file = join(this.root, "state", "trust.json")
    const hash = approved.get(workflows)
    if (hash !== undefined) return writeFileSync(file, JSON.stringify({ [this.project]: hash }), { mode: 0o600 })
    this.answer("trust")
    approved.set(workflows, JSON.parse(readFileSync(file, "utf8"))[this.project])
  }

  private initialise(): void {
    const state = join(this.root, "state")
    if (existsSync(initialised)) return void copyPortable(initialised, state)
    this.answer("init")
    mkdirSync(initialised, { mode: 0o700 })
    copyPortable(state, initialised)
  }

  readonly launcher = launcher

  /** As an operator types it, with what that operator reads. */
  readonly animus = (...args: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = spawnSync(launcher, [...args], {
      cwd: this.project,
      encoding: "utf8",
      env: this.env,
      timeout: 180_000
    })
    return { status, stdout, stderr }
  }

  readonly answer = (...args: ReadonlyArray<string>) => {
    const { status, stderr, stdout } = this.animus(...args, "--json")
    assert.strictEqual(status, 0, stderr)
    return JSON.parse(stdout).data
  }

  /** What the daemon keeps of this project; made by the first command that works on it. */
  get scope(): string {
    const state = join(this.root, "state")
    const find = () => readdirSync(state).find((name) => name.startsWith("project-"))
    if (find() === undefined) this.answer("trust")
    return join(state, find() ?? "")
  }

  /** Asks the daemon itself, which costs no process: where it is not the command line that is looked at. */
  ask(method: string, params: object) {
    return askAt(join(this.scope, "control.sock"), method, params)
  }

  /** A run on a subject of its own; its id. */
  async begin(workflow?: string, title = "Work"): Promise<string> {
    const { id } = await this.ask("subject/create", { kind: "task", title })
    const { workflow_id } = await this.ask("workflow/run", { task_id: id, definition: workflow })
    return workflow_id
  }

  /** A run once it goes on no further by itself. */
  async settled(run: string) {
    const get = () => this.ask("workflow/get", { id: run })
    await until("the run settles", async () => !["pending", "running"].includes((await get()).status))
    return (await get()).detail
  }

  /** What happened in a run, in order, as its journal has it. */
  events(run: string) {
    return this.lines(join(this.scope, "runs", run, "journal.jsonl")).map((line) => JSON.parse(line).event)
  }

  /** Installs a program with the files it needs beside it, as an operator would; the first is what is started. */
  install(name: string, program: string, ...besides: ReadonlyArray<string>): void {
    const folder = join(this.root, "sources", name)
    mkdirSync(folder, { recursive: true })
    for (const file of [program, ...besides]) copyFileSync(file, join(folder, basename(file)))
    writeFileSync(join(folder, "animus-plugin.json"), JSON.stringify({ entry: basename(program) }))
    this.answer("plugin", "install", "--path", folder, "--name", name)
  }

  start(...flags: ReadonlyArray<string>): void {
    this.pid = this.answer("daemon", "start", ...flags).pid
  }

  get isRunning(): boolean {
    return this.pid !== 0 && isAlive(this.pid)
  }

  stop(): void {
    this.answer("daemon", "stop", "--shutdown-timeout-secs", "1")
  }

  kill(): void {
    process.kill(-this.pid, "SIGKILL")
  }

  /** What the daemon has logged. */
  get log(): string {
    return this.read(join(this.scope, "logs", "events.jsonl"))
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.project, name), text)
  }

  /** A file of the project, or any other by its whole name; empty while there is none. */
  read(name: string): string {
    const file = resolve(this.project, name)
    return existsSync(file) ? readFileSync(file, "utf8") : ""
  }

  lines(name: string): ReadonlyArray<string> {
    return this.read(name).split("\n").filter((line) => line !== "")
  }

  /** Processes of the project's folder, whoever started them; the daemon and its plugins work there, too. */
  running(program: string): ReadonlyArray<string> {
    return readdirSync("/proc").filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === this.project &&
          readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(program)
      } catch {
        return false
      }
    })
  }

  /** As `stop`, over the control socket. */
  async stopped(): Promise<void> {
    await this.ask("daemon/stop", { timeout_seconds: 1 })
    await until("the daemon ends", () => !this.isRunning)
  }

  async end(): Promise<void> {
    if (this.isRunning) await this.stopped()
    rmSync(this.root, { recursive: true, force: true })
  }
}
