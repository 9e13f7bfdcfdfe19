/** A real daemon on a scratch project, as the benchmarks start, ask and end it. */
import { Effect } from "effect"
import { execFileSync, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Net from "node:net"
import * as Path from "node:path"
import { scratchFolder, scratchFolderInMemory } from "./scratch.ts"

export const launcher = Path.resolve(import.meta.dirname, "../bin/animus")
export const node = process.execPath
const program = Path.resolve(import.meta.dirname, "../dist/animus.cjs")

export interface Scratch {
  readonly project: string
  readonly env: NodeJS.ProcessEnv
}

const projectIn = (root: string): Scratch => {
  const project = Path.join(root, "project")
  const state = Path.join(root, "state")
  Fs.mkdirSync(project)
  Fs.mkdirSync(state, { mode: 0o700 })
  const scratch = { project, env: { ...process.env, HOME: root, ANIMUS_CONFIG_DIR: state } }
  animus(scratch, "init", "--test", "true")
  return scratch
}

/** A project with nothing in it but what `animus init` writes; removed with the scope. */
export const scratchProject = Effect.map(scratchFolder, projectIn)

export const scratchProjectInMemory = Effect.map(scratchFolderInMemory, projectIn)

export const animus = ({ env, project }: Scratch, ...args: ReadonlyArray<string>): string =>
  execFileSync(launcher, [...args], { cwd: project, env, encoding: "utf8" })

/** The `data` of `animus <args> --json`. */
export const ask = (scratch: Scratch, ...args: ReadonlyArray<string>) =>
  JSON.parse(animus(scratch, ...args, "--json")).data

/** The folder of the project's state, which `animus init` made. */
export const scopeOf = ({ env }: Scratch): string => {
  const state = env["ANIMUS_CONFIG_DIR"] ?? ""
  const scope = Fs.readdirSync(state, { withFileTypes: true })
    .find((entry) => entry.isDirectory() && Fs.existsSync(Path.join(state, entry.name, ".project-root")))
  if (scope === undefined) throw new Error(`no project in ${state}`)
  return Path.join(state, scope.name)
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = Net.connect(path)
    socket.once("error", () => resolve(false))
    socket.once("data", () => {
      socket.destroy()
      resolve(true)
    })
    socket.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon/status\"}\n")
  })

/** Seconds, for a daemon with a long history on a slow machine. */
const READY = 60

const ready = async (scratch: Scratch): Promise<void> => {
  for (const since = performance.now(); performance.now() - since < READY * 1000;) {
    const path = Path.join(scopeOf(scratch), "control.sock")
    if (Fs.existsSync(path) && await answers(path)) return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  throw new Error(`the daemon did not answer within ${READY} s`)
}

export interface Daemon {
  readonly pid: number
  /** From spawn until its socket answered, in milliseconds. */
  readonly readyAfter: number
}

/** Leads a group of its own; ended with the scope, if it has not been before. */
export const startDaemon = (scratch: Scratch) =>
  Effect.acquireRelease(
    Effect.promise(async (): Promise<Daemon> => {
      const since = performance.now()
      const child = spawn(node, [program, "daemon", "run"], {
        cwd: scratch.project,
        env: scratch.env,
        detached: true,
        stdio: "ignore"
      })
      child.unref()
      const pid = child.pid ?? 0
      await ready(scratch).catch((error) => {
        // A failed start is nobody's to end but ours.
        process.kill(-pid, "SIGKILL")
        throw error
      })
      return { pid, readyAfter: performance.now() - since }
    }),
    ({ pid }) => endDaemon(pid)
  )

const isAlive = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) Z/.test(Fs.readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

export const endDaemon = (pid: number, signal: NodeJS.Signals = "SIGTERM") =>
  Effect.promise(async () => {
    if (pid < 2 || !isAlive(pid)) return
    process.kill(-pid, signal)
    for (let waits = 0; waits < 500 && isAlive(pid); waits++) await new Promise((resolve) => setTimeout(resolve, 10))
  })
