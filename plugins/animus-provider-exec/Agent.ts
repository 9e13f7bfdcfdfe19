/** One agent process: started in a group of its own, ended with everything it started when the scope closes. */
import { Deferred, Effect, Exit } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { statSync } from "node:fs"
import { constants } from "node:os"
import type { Readable } from "node:stream"
import { PluginFailure } from "../../src/sdk/Sdk.ts"
import { Family } from "./Family.ts"
import type { Launch } from "./Launch.ts"
import { withPromptFile } from "./PromptFile.ts"

interface Child extends ChildProcess {
  readonly stdout: Readable
  readonly stderr: Readable
}

/** Node's types know of pipes only where all three are. */
const hasPipes = (child: ChildProcess): child is Child => child.stdout !== null && child.stderr !== null

export interface Agent {
  readonly stdout: Readable
  readonly stderr: Readable
  /** 128 and the signal's number for an agent that a signal ended. */
  readonly exitCode: Effect.Effect<number>
  /** Ends it and all it started: asks first, and insists after `grace` milliseconds. */
  readonly end: (grace: number) => Effect.Effect<void>
}

const MARK = "ANIMUS_AGENT"
/** Nobody waits for the agent any more. */
const SHORT_GRACE = 500

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/** Node blames the command for a working folder that is not there. */
const reasonOf = ({ command, cwd, env }: Launch, error: NodeJS.ErrnoException): string => {
  if (!isFolder(cwd)) return `its working folder ${cwd} does not exist`
  switch (error.code) {
    case "ENOENT":
      return `command not found: ${command}. Install it, or put its full path in the agent's \`launch.command\`; ` +
        `it was looked for in PATH=${env["PATH"] ?? ""}`
    case "EACCES":
      return `${command} is not executable. Try: chmod +x ${command}`
    case "E2BIG":
      return `its arguments are too long. Use \`prompt: stdin\` in the agent's \`launch:\``
    default:
      return error.message
  }
}

const failed = (launch: Launch, error: NodeJS.ErrnoException) =>
  new PluginFailure({
    category: "session_start_failed",
    message: `cannot start agent ${launch.command}: ${reasonOf(launch, error)}`
  })

const codeOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal])

const spawned = ({ args, command, cwd }: Launch, env: NodeJS.ProcessEnv) => (stdin: number): ChildProcess =>
  spawn(command, args, { cwd, detached: true, env, stdio: [stdin, "pipe", "pipe"] })

const start = (launch: Launch, mark: string): Effect.Effect<Child, PluginFailure> =>
  Effect.callback((resume) => {
    try {
      const child = withPromptFile(launch.stdin, spawned(launch, { ...launch.env, [MARK]: mark }))
      if (!hasPipes(child)) throw new Error("there is nothing to hear it by")
      child.once("spawn", () => resume(Effect.succeed(child)))
      child.once("error", (error) => resume(Effect.fail(failed(launch, error))))
    } catch (error) {
      resume(Effect.fail(failed(launch, error instanceof Error ? error : new Error(String(error)))))
    }
  })

export const startAgent = (launch: Launch) => {
  const mark = randomUUID()
  return Effect.acquireRelease(
    Effect.map(start(launch, mark), (child): Agent => {
      const exited = Deferred.makeUnsafe<number>()
      child.once("exit", (code, signal) => Deferred.doneUnsafe(exited, Exit.succeed(codeOf(code, signal))))
      const family = new Family(`${MARK}=${mark}`)
      return { stdout: child.stdout, stderr: child.stderr, exitCode: Deferred.await(exited), end: family.end }
    }),
    (agent) => agent.end(SHORT_GRACE)
  )
}
