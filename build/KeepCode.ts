/**
 * Runs the built program as an operator would, once, so that each of its scripts is kept with the code of the functions that
 * were called. Who loads a script first decides what is kept with it: the command that is typed most comes first.
 */
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

export const keepCode = (program: string) => {
  const scratch = Fs.mkdtempSync(Path.join(Os.tmpdir(), "animus-build-"))
  const project = Path.join(scratch, "project")
  Fs.mkdirSync(project)
  const plain = { PATH: process.env["PATH"], HOME: scratch }
  const run = (env: NodeJS.ProcessEnv, ...args: ReadonlyArray<string>) =>
    execFileSync(process.execPath, [program, ...args], { cwd: project, env, stdio: ["ignore", "ignore", "inherit"] })
  const keeping = { ...plain, ANIMUS_KEEP_CODE: "1" }
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
    Fs.rmSync(scratch, { recursive: true, force: true })
  }
}
