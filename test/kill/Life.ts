/** The daemon that the kill loop ends, with its project and its state in a scratch folder of their own. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { build } from "rolldown"
import { Line } from "./Line.ts"

const here = import.meta.dirname
const launcher = join(here, "..", "..", "bin", "animus")

const root = realpathSync(mkdtempSync(join(tmpdir(), "animus-kill-")))
export const project = join(root, "project")
const state = join(root, "state")
export const acknowledged = join(root, "acknowledged.jsonl")
/** The nonce of each attempt whose agent has begun, by its own hand. */
export const launched = join(root, "launched")
const agent = join(root, "agent.sh")
const env = { PATH: process.env["PATH"], HOME: root, ANIMUS_CONFIG_DIR: state, NODE_COMPILE_CACHE: join(root, "cache") }

const workflows = `default_workflow_ref: work
tools_allowlist: [sh]
agents:
  coder: { tool: exec, launch: { command: sh, args: [${agent}] } }
phases:
  prepare: { mode: command, idempotency: idempotent, command: { program: sh, args: [-c, "echo prepared"] } }
  implement: { mode: agent, agent: coder, directive: Do it }
  review: { mode: manual, manual: { instructions: Look } }
  deploy: { mode: command, idempotency: idempotent, command: { program: sh, args: [-c, "sleep 0.05; echo deployed"] } }
workflows:
  - { id: work, phases: [prepare, implement, review, deploy] }
`

const script = `nonce=$(sed -n 's/.*"nonce": "\\([0-9a-f]*\\)".*/\\1/p')
echo "$nonce" >> ${launched}
echo begun
sleep 0.05
echo done
`

const animus = (...args: ReadonlyArray<string>) => {
  const { status, stderr } = spawnSync(launcher, args, { cwd: project, env, encoding: "utf8", timeout: 180_000 })
  if (status !== 0) throw new Error(`animus ${args.join(" ")}: ${stderr}`)
}

export const prepare = async () => {
  mkdirSync(join(project, ".animus"), { recursive: true })
  mkdirSync(state, { mode: 0o700 })
  writeFileSync(join(project, ".animus", "workflows.yaml"), workflows)
  writeFileSync(agent, script)
  writeFileSync(acknowledged, "")
  writeFileSync(launched, "")
  animus("init")
  animus("trust")
  await bundle()
}

export const scope = () => {
  const name = readdirSync(state).find((entry) =>
    existsSync(join(state, entry, "daemon")) || entry.startsWith("project")
  )
  return join(state, name ?? "project")
}

interface End {
  /** Its exit code, or the signal that ended it. */
  readonly by: string
  readonly said: string
}

export interface Life {
  readonly ended: Promise<End>
  readonly isOver: () => boolean
}

/** The one that lives now, for whoever ends the loop before its time. */
let current: ChildProcess | undefined

/** In one file: a daemon from its sources takes as long to load as all that it lives for. */
const program = join(root, "daemon.mjs")
const bundle = () =>
  build({
    cwd: join(here, "..", ".."),
    logLevel: "warn",
    platform: "node",
    input: join(here, "daemon.ts"),
    output: { file: program, format: "esm", codeSplitting: false },
    transform: { target: "node24" }
  })

export const start = (crash: string, runner: "subprocess" | "in_process"): Life => {
  writeFileSync(join(state, "config.json"), JSON.stringify({ daemon: { runner } }))
  const said = openSync(join(root, "daemon.said"), "w")
  const daemon = spawn(process.execPath, [program], {
    cwd: project,
    env: { ...env, ANIMUS_TEST_CRASH: crash },
    detached: true,
    stdio: ["ignore", said, said]
  })
  closeSync(said)
  current = daemon
  let over = false
  const ended = once(daemon, "exit").then(([code, signal]) => {
    over = true
    return { by: String(code ?? signal), said: readFileSync(join(root, "daemon.said"), "utf8") }
  })
  return { ended, isOver: () => over }
}

export const end = () => {
  try {
    if (current?.pid !== undefined) process.kill(-current.pid, "SIGKILL")
  } catch {
    // It has ended by itself, at its crash point.
  }
}

export const connect = async (life: Life): Promise<Line | undefined> => {
  while (!life.isOver()) {
    const line = existsSync(join(scope(), "control.sock")) ? await Line.open(join(scope(), "control.sock")) : undefined
    if (line !== undefined) return line
    await pause(20)
  }
  return undefined
}

export const tidy = () => {
  end()
  rmSync(root, { recursive: true, force: true })
}
