import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import {
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
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"

const launcher = join(import.meta.dirname, "..", "..", "bin", "animus")

const workflow = `default_workflow_ref: work
tools_allowlist: [sh]
phases:
  work: { mode: command, idempotency: idempotent, command: { program: sh, args: [-c, "echo $$$$ >> started; exec sleep 600"] } }
workflows:
  - { id: work, phases: [work] }
`

/** Polls, within a bound: another process decides when. */
const until = async (holds: () => boolean) => {
  for (let polls = 0; polls < 400; polls++) {
    if (holds()) return
    await pause(25)
  }
  assert.fail("it did not come to pass within 10 s")
}

const commandsIn = (folder: string): ReadonlyArray<string> =>
  readdirSync("/proc").filter((pid) => {
    try {
      const here = readlinkSync(`/proc/${pid}/cwd`) === folder
      return here && readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("sleep\u0000600")
    } catch {
      return false
    }
  })

describe("a daemon that is killed while a command runs", () => {
  it(
    "leaves one copy of it at most: the old one is ended before the phase runs again",
    { timeout: 60_000 },
    async () => {
      const root = realpathSync(mkdtempSync(join(tmpdir(), "animus-command-")))
      const project = join(root, "project")
      const env = { PATH: process.env["PATH"], HOME: root, ANIMUS_CONFIG_DIR: join(root, "state") }
      const animus = (...args: ReadonlyArray<string>) =>
        JSON.parse(execFileSync(launcher, [...args, "--json"], { cwd: project, env, encoding: "utf8" })).data
      const starts = () => readFileSync(join(project, "started"), "utf8").trim().split("\n")
      try {
        mkdirSync(join(project, ".animus"), { recursive: true })
        mkdirSync(env.ANIMUS_CONFIG_DIR, { mode: 0o700 })
        writeFileSync(join(project, ".animus", "workflows.yaml"), workflow)
        writeFileSync(join(project, "started"), "")
        animus("init")
        animus("trust")
        const { pid } = animus("daemon", "start")
        const { id } = animus("subject", "create", "--title", "Work")
        const { workflow_id: run } = animus("workflow", "run", id)
        await until(() => commandsIn(project).length === 1)
        const first = starts()

        process.kill(-pid, "SIGKILL")
        animus("daemon", "start")
        await until(() => starts().length === 2)
        const [, second = ""] = starts()
        await until(() => commandsIn(project).length > 0)
        assert.notInclude(first, second)
        assert.deepStrictEqual(commandsIn(project), [second])

        animus("workflow", "cancel", run, "--confirm", run)
        assert.deepStrictEqual(commandsIn(project), [])
      } finally {
        execFileSync(launcher, ["daemon", "stop", "--shutdown-timeout-secs", "1"], {
          cwd: project,
          env,
          stdio: "ignore"
        })
        for (const left of commandsIn(project)) process.kill(Number(left), "SIGKILL")
        rmSync(root, { recursive: true, force: true })
      }
    }
  )
})
