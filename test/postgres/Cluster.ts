/**
 * A PostgreSQL server of our own for as long as the tests run: Debian's binaries, a folder of its own, a Unix socket in it and
 * no port. Started by `npm run test:pg`.
 */
import { execFileSync, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    readonly postgres: string
  }
}

const [bin] = Fs.globSync("/usr/lib/postgresql/*/bin").toSorted().toReversed()

/** The server refuses to be root's; then it is nobody's. */
const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}

const run = (program: string, ...args: ReadonlyArray<string>) =>
  execFileSync(Path.join(bin ?? "", program), args, { ...identity, cwd: "/", stdio: "pipe", encoding: "utf8" })

export const setup = async (project: TestProject) => {
  if (bin === undefined) throw new Error("no PostgreSQL server here: install Debian's package postgresql")
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "animus-pg-"))
  if (identity.uid !== undefined) Fs.chownSync(folder, identity.uid, identity.gid)
  const data = Path.join(folder, "data")
  run("initdb", "--no-sync", "--auth=trust", "--username=animus", "--encoding=UTF8", "--pgdata", data)
  const server = spawn(Path.join(bin, "postgres"), ["-D", data, "-k", folder, "-c", "listen_addresses="], {
    ...identity,
    cwd: "/",
    stdio: ["ignore", "ignore", "pipe"]
  })
  let said = ""
  server.stderr.on("data", (chunk: Buffer) => said += chunk.toString())
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()))
  const ready = () => said.includes("database system is ready")
  for (const deadline = Date.now() + 20_000; !ready();) {
    if (Date.now() > deadline || server.exitCode !== null) throw new Error(`the server did not start:\n${said}`)
    await new Promise((resolve) => server.stderr.once("data", resolve))
  }
  project.provide("postgres", `postgresql://animus@localhost/postgres?host=${folder}`)
  return async () => {
    server.kill("SIGQUIT")
    await ended
    Fs.rmSync(folder, { recursive: true, force: true })
  }
}
