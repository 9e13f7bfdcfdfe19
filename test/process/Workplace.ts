/** A project of its own with a real daemon: driven by the command line, killed without a word, cleaned up whatever happened. */
import { spawnSync } from "node:child_process"
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
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"
import { assert } from "vitest"

const launcher = join(import.meta.dirname, "..", "..", "bin", "animus")

/** A workflow that only waits for a person. */
export const askingOnce = `
default_workflow_ref: ask
phases: { ask: { mode: manual, manual: { instructions: Well? } } }
workflows: [{ id: ask, phases: [ask] }]
`

export class Workplace {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "animus-workplace-")))
  readonly project = join(this.root, "project")
  readonly env: Readonly<Record<string, string | undefined>>
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
    this.answer("init")
    this.answer("trust")
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

  /** A run once it goes on no further by itself, as `workflow get` tells it. */
  settled(run: string) {
    this.animus("workflow", "watch", run)
    return this.answer("workflow", "get", run).detail
  }

  /** Installs a program with the files it needs beside it, as an operator would; the first is what is started. */
  install(name: string, program: string, ...besides: ReadonlyArray<string>): void {
    const folder = join(this.root, "sources", name)
    mkdirSync(folder, { recursive: true })
    for (const file of [program, ...besides]) copyFileSync(file, join(folder, basename(file)))
    writeFileSync(join(folder, "animus-plugin.json"), JSON.stringify({ entry: basename(program) }))
    this.answer("plugin", "install", "--path", folder, "--name", name)
  }

  start(): void {
    this.pid = this.answer("daemon", "start").pid
  }

  kill(): void {
    process.kill(-this.pid, "SIGKILL")
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

  end(): void {
    this.animus("daemon", "stop", "--shutdown-timeout-secs", "1")
    rmSync(this.root, { recursive: true, force: true })
  }
}
