/** A bare host for one real plugin process: raw frames out, raw frames in, each wait with a bound. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as pause } from "node:timers/promises"

export type Frame = Readonly<Record<string, unknown>>

const BOUND = 60_000

const living = new Set<ChildProcess>()

/** Polls a condition of the real world: less often, the longer it takes. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let waited = 0, next = 20; !(await holds()); waited += next) {
    if (waited > BOUND) throw new Error(`never came true: ${what}`)
    next = Math.min(next + 5, 100)
    await pause(next)
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1")
    return !/^[ZX]/.test(text.slice(text.lastIndexOf(")") + 2))
  } catch {
    // No such process.
    return false
  }
}

export const startPlugin = async (program: ReadonlyArray<string>, cwd: string, env: Record<string, string> = {}) => {
  const [file = "", ...args] = program
  const child = spawn(file, args, {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["pipe", "pipe", "inherit"]
  })
  living.add(child)
  const exited = once(child, "exit")
  const frames: Array<Frame> = []
  createInterface({ input: child.stdout }).on("line", (line) => frames.push(JSON.parse(line)))
  let issued = 0

  const send = (frame: object) => child.stdin.write(JSON.stringify({ jsonrpc: "2.0", ...frame }) + "\n")
  const answer = async (id: number): Promise<Frame> => {
    await until(`answer ${id}`, () => frames.some((frame) => frame["id"] === id && !("method" in frame)))
    return frames.find((frame) => frame["id"] === id) ?? {}
  }
  const ask = (method: string, params?: object): number => {
    issued++
    send({ id: issued, method, params })
    return issued
  }
  const call = (method: string, params?: object) => answer(ask(method, params))
  const result = async (method: string, params?: object): Promise<Frame> => {
    const { error, result } = await call(method, params)
    if (error !== undefined) throw new Error(JSON.stringify(error))
    return Object.assign({}, result)
  }

  await call("initialize", {
    protocol_version: "1.1.0",
    host_info: { name: "animus", version: "0.1.0" },
    capabilities: {},
    init_extensions: { project_binding: { project_root: cwd } }
  })
  send({ method: "initialized" })
  return {
    answer,
    ask,
    call,
    result,
    send,
    frames,
    child,
    exited,
    told: (method: string) =>
      frames.filter((frame) => frame["method"] === method).map((frame): Frame => Object.assign({}, frame["params"]))
  }
}

export const bundled = (name: string): ReadonlyArray<string> => [
  process.execPath,
  resolve(import.meta.dirname, `../../dist/plugins/${name}/${name}.cjs`)
]

/** Ends what a failed test left. */
export const endAll = async () => {
  for (const child of living) {
    if (child.exitCode === null && child.signalCode === null) {
      child.stdin?.end()
      const exited = once(child, "exit")
      await Promise.race([exited, pause(3000)])
      child.kill("SIGKILL")
    }
  }
  living.clear()
}
