/** Where the files of runs are: `<scopeDir>/runs/<run>/`, one folder a run. */
import { Schema } from "effect"
import { createHash } from "node:crypto"
import * as Path from "node:path"
import { RunId } from "../schemas/Ids.ts"

export interface RunFolder {
  readonly root: string
  readonly index: string
  readonly of: (run: string) => string
  readonly journal: (run: string) => string
  readonly session: (run: string, phase: string) => string
  readonly transcript: (run: string, phase: string, attempt: number) => string
  /** Where a run goes before it is deleted; no run has such a name. */
  readonly removed: (run: string) => string
}

/** No file system takes much more than 255 bytes. */
const LONGEST = 150

const escaped = (char: string): string => {
  const code = char.charCodeAt(0).toString(16).toUpperCase()
  return code.length > 2 ? `%u${code.padStart(4, "0")}` : `%${code.padStart(2, "0")}`
}

/** Different phases have different names: `a/b` is `a%2Fb`, and an endless one is its beginning with a hash of the whole. */
const fileName = (phase: string): string => {
  const name = phase.replace(/[^A-Za-z0-9\-_.]/g, escaped)
  return name.length <= LONGEST
    ? name
    : `${name.slice(0, LONGEST)}%~${createHash("sha256").update(phase).digest("hex").slice(0, 32)}`
}

export const isRunId = Schema.is(RunId)

export const isRemoved = (name: string): boolean => name.startsWith(".removed-")

/** In the folder of the project's state. */
export const RUNS = "runs"

export const runFolder = (scopeDir: string): RunFolder => {
  const root = Path.join(scopeDir, RUNS)
  const of = (run: string) => Path.join(root, run)
  return {
    root,
    index: Path.join(root, "index.jsonl"),
    of,
    journal: (run) => Path.join(of(run), "journal.jsonl"),
    session: (run, phase) => Path.join(of(run), `${fileName(phase)}.session.json`),
    transcript: (run, phase, attempt) => Path.join(of(run), `${fileName(phase)}.${attempt}.transcript.jsonl`),
    removed: (run) => Path.join(root, `.removed-${run}`)
  }
}
