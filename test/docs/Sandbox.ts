/**
 * A place to follow a document in: an empty home, a git repository with a test of its own, and on the PATH `animus`, the Node
 * that runs these tests, and stand-ins for the agents that documents name. Ending it stops its daemon.
 */
import { spawn, spawnSync } from "node:child_process"
import { chmodSync, globSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { root } from "./Snippets.ts"

/** How long a command that streams is watched before it is interrupted. */
const WATCHED = 700

export interface Finished {
  /** As a shell tells it: 128 and the signal. */
  readonly code: number
  /** Both streams, as a terminal would show them. */
  readonly output: string
}

export class Sandbox {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "animus-docs-")))
  readonly home = join(this.folder, "home")
  readonly project = join(this.folder, "project")
  private readonly bin = join(this.folder, "bin")
  readonly env = {
    PATH: `${this.bin}:${process.env["PATH"]}`,
    HOME: this.home,
    GIT_CONFIG_NOSYSTEM: "1",
    NO_COLOR: "1",
    npm_config_update_notifier: "false"
  }

  constructor(launcher = join(root, "bin", "animus")) {
    for (const folder of [this.home, this.project, this.bin]) mkdirSync(folder)
    symlinkSync(process.execPath, join(this.bin, "node"))
    symlinkSync(launcher, join(this.bin, "animus"))
    const agent = `#!/bin/sh\nexec node '${join(root, "test/docs/standInAgent.mjs")}'\n`
    for (const name of ["claude", "my-agent"]) this.program(join(this.bin, name), agent)
    this.write("package.json", JSON.stringify({ type: "module", scripts: { test: "node --version" } }))
    this.sh("git init --quiet")
  }

  private program(file: string, text: string) {
    writeFileSync(file, text)
    chmodSync(file, 0o755)
  }

  /** A path as a document writes it. */
  path(file: string): string {
    return file.startsWith("~/") ? join(this.home, file.slice(2)) : join(this.project, file)
  }

  write(file: string, text: string) {
    const path = this.path(file)
    mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 })
    writeFileSync(path, text)
  }

  /** What a document shows is typed so. */
  type(command: string): Finished | Promise<Finished> {
    return this.sh(command)
  }

  sh(command: string): Finished {
    const { error, status, stdout } = spawnSync("sh", ["-c", `exec 2>&1\n${command}`], {
      cwd: this.project,
      encoding: "utf8",
      env: this.env,
      timeout: 180_000
    })
    if (error !== undefined) throw error
    return { code: status ?? -1, output: stdout }
  }

  /** Interrupts it as Ctrl-C would. */
  async watch(command: string): Promise<Finished> {
    const options = { cwd: this.project, env: this.env, detached: true } as const
    const child = spawn("sh", ["-c", `exec ${command} 2>&1`], options)
    const ended = new Promise<number>((resolve) => {
      child.on("close", (code, signal) => resolve(signal === "SIGINT" ? 130 : code ?? -1))
    })
    let output = ""
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
    })
    await Promise.race([ended, pause(WATCHED)])
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGINT")
    const code = await Promise.race([ended, pause(5000).then(() => -1)])
    if (code === -1 && child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
    return { code, output }
  }

  /** Ends what was started here; a daemon that stopped took its socket with it. */
  end() {
    if (globSync(".animus/*/control.sock", { cwd: this.home }).length > 0) {
      this.sh("animus daemon stop --shutdown-timeout-secs 1")
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}
