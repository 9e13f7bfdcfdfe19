/** What the demo leaves a person with: the phases, the diff, where everything lies, and what was checked. */
import { Option, Schema } from "effect"
import { RunDetail } from "../../../schemas/control/RunDetail.ts"
import type { WorkflowDetail } from "../../../schemas/control/WorkflowRpcs.ts"
import { phaseTable } from "../render/RunText.ts"
import { duration, fields } from "../Table.ts"
import type { DemoFolder } from "./DemoShell.ts"

export interface Told {
  readonly run: string
  readonly detail: WorkflowDetail
  readonly diff: string
  readonly completions: ReadonlyArray<string>
  readonly ledger: { readonly began: number; readonly ended: number }
  readonly tests: string
  readonly crashed: boolean
  readonly recoveredIn: number | undefined
}

const decode = Schema.decodeUnknownOption(RunDetail)

export const artefacts = (folder: DemoFolder, told: Told) => ({
  repository: folder.project,
  run: Option.match(decode(told.detail.detail), { onNone: () => null, onSome: ({ location }) => location }),
  state: folder.state,
  agent_ledger: `${folder.root}/agent-ledger.jsonl`
})

export const report = (folder: DemoFolder, told: Told, took: number, kept: boolean): ReadonlyArray<string> => {
  const detail = decode(told.detail.detail)
  const places = artefacts(folder, told)
  return [
    "",
    "== the run",
    ...Option.match(detail, { onNone: () => [], onSome: phaseTable }),
    "",
    "== what was checked",
    `the program's own tests: ${told.tests}`,
    `${told.completions.length} phase attempts completed, none twice; the agent counts ${told.ledger.ended} of ${told.ledger.began} attempts ended`,
    ...told.recoveredIn === undefined
      ? []
      : [`the killed daemon was back, its run recovered, after ${duration(told.recoveredIn)}`],
    "no process is left",
    "",
    "== where everything lies",
    ...fields(Object.entries(places).map(([name, place]) => [name, place ?? undefined])),
    ...kept ? [] : ["(removed again now; to keep it all: animus demo --keep)"],
    "",
    `done in ${duration(took)}`
  ]
}
