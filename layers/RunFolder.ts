/** Where the files of runs are: `<scopeDir>/runs/<run>/`, one folder a run. */
import { Schema } from "effect"
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

const fileName = (phase: string): string => phase.replace(/[^A-Za-z0-9\-_.]/g, "_")

export const isRunId = Schema.is(RunId)

export const isRemoved = (name: string): boolean => name.startsWith(".removed-")

export const runFolder = (scopeDir: string): RunFolder => {
  const root = Path.join(scopeDir, "runs")
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
