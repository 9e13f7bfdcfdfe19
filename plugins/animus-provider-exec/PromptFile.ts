/**
 * The prompt as the agent's stdin: a file that is whole before the agent is started and has no name once it is open. Of a pipe
 * an agent would read whatever came through before its provider was killed, and act on half of a task.
 */
import { randomUUID } from "node:crypto"
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** `use` gets a descriptor that reads it from its beginning, for as long as it takes to start somebody with it. */
export const withPromptFile = <A>(prompt: string, use: (stdin: number) => A): A => {
  const path = join(tmpdir(), `animus-prompt-${randomUUID()}`)
  let stdin: number | undefined
  try {
    writeFileSync(path, prompt, { flag: "wx", mode: 0o600 })
    stdin = openSync(path, "r")
    rmSync(path)
    return use(stdin)
  } finally {
    if (stdin !== undefined) closeSync(stdin)
    rmSync(path, { force: true })
  }
}
