/** Uses the built programs once, so that each of their scripts is kept with the code of the functions that were called. */
import { execFileSync, spawn } from "node:child_process"
import { on, once } from "node:events"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { createInterface } from "node:readline"

const KEEP = { ANIMUS_KEEP_CODE: "1" }

const makeScratch = () => Fs.mkdtempSync(Path.join(Os.tmpdir(), "animus-build-"))
const remove = (scratch: string) => Fs.rmSync(scratch, { recursive: true, force: true })

/** As an operator would. Who loads a script first decides what is kept with it: the command that is typed most comes first. */
export const keepCode = (program: string) => {
  const scratch = makeScratch()
  const project = Path.join(scratch, "project")
  Fs.mkdirSync(project)
  const plain = { PATH: process.env["PATH"], HOME: scratch }
  const run = (env: NodeJS.ProcessEnv, ...args: ReadonlyArray<string>) =>
    execFileSync(process.execPath, [program, ...args], { cwd: project, env, stdio: ["ignore", "ignore", "inherit"] })
  const keeping = { ...plain, ...KEEP }
  try {
    run(plain, "init", "--test", "true")
    run(plain, "daemon", "start")
    try {
      run(keeping, "status")
      run(keeping, "workflow", "list")
      run(keeping, "subject", "list")
    } finally {
      run(plain, "daemon", "stop")
    }
    run(keeping, "daemon", "start")
    run(keeping, "daemon", "stop")
  } finally {
    remove(scratch)
  }
}

/** Each plugin is asked all of it, and says of most that it knows no such method. */
const requestsIn = (cwd: string) =>
  [
    ["initialize", {
      protocol_version: "1.1.0",
      host_info: { name: "animus", version: "0.1.0" },
      capabilities: {},
      init_extensions: { project_binding: { project_root: cwd } }
    }],
    ["health/check", {}],
    ["task/create", { kind: "task", title: "a task" }],
    ["subject/next", {}],
    ["task/list", {}],
    ["agent/run", {
      control_session_id: "session",
      prompt: "a prompt",
      cwd,
      runtime_contract: { cli: { launch: { command: "sh", args: ["-c", "echo done"] } } }
    }],
    ["shutdown", {}]
  ] as const

/** As a host would. */
export const keepCodeOfPlugin = async (program: string) => {
  const scratch = makeScratch()
  try {
    const child = spawn(process.execPath, [program], {
      env: { ...KEEP, PATH: process.env["PATH"], ANIMUS_STATE_DIR: scratch },
      stdio: ["pipe", "pipe", "inherit"],
      timeout: 30_000
    })
    const ended = once(child, "exit")
    const send = (frame: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...frame })}\n`)
    const lines = createInterface({ input: child.stdout })
    for (const [id, [method, params]] of requestsIn(scratch).entries()) {
      send({ id, method, params })
      for await (const [line] of on(lines, "line", { close: ["close"] })) if (JSON.parse(line).id === id) break
      if (method === "initialize") send({ method: "initialized" })
    }
    send({ method: "exit" })
    const [code] = await ended
    if (code !== 0) throw new Error(`${program} ended with ${code}`)
  } finally {
    remove(scratch)
  }
}
