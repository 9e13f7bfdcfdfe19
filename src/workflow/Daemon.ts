/** The `daemon` section, as far as workflows go: which phases get which tool and model, and when schedules and triggers may start work. */
import { AuthoredDaemon, type AuthoredRouting } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { sameId } from "./Merge.ts"
import { own } from "./Own.ts"
import { suggest } from "./Suggest.ts"
import { entriesOf, entryOf, fieldOf, type YamlTree } from "./YamlTree.ts"

export interface DaemonSection {
  readonly activeHours: string | undefined
  readonly routing: ReadonlyMap<string, AuthoredRouting>
}

/** What other files of settings are for, and the word for it there. */
const elsewhere: { readonly [key: string]: string } = {
  pool_size: "set pool_size in .animus/config.json",
  max_agents: "set pool_size in .animus/config.json"
}

const hours = /^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/

const known = Object.keys(AuthoredDaemon.fields)

export const readDaemon = (
  section: YamlTree | undefined,
  phases: ReadonlyArray<string>,
  findings: Findings
): DaemonSection => {
  if (section === undefined) return { activeHours: undefined, routing: new Map() }
  for (const { at, key } of entriesOf(section)) {
    if (!known.includes(key)) {
      findings.warn(at, `"${key}" has no effect here`, own(elsewhere, key) ?? suggest(key, known))
    }
  }
  const { active_hours: activeHours, phase_routing: routing = {} } = findings.decode(AuthoredDaemon, section) ?? {}
  if (activeHours !== undefined && !hours.test(activeHours)) {
    const at = fieldOf(section, "active_hours")?.at ?? section.at
    findings.problem(at, `active_hours "${activeHours}" cannot be read`, "write HH:MM-HH:MM, as in 22:00-06:00")
  }
  for (const id of Object.keys(routing)) {
    const entry = entryOf(fieldOf(section, "phase_routing"), id)
    if (entry === undefined) continue
    findings.unread(entry.value, ["tool", "model"])
    if (!phases.some((phase) => sameId(phase, id))) findings.missing(entry.at, "phase", id, phases)
  }
  return {
    activeHours,
    routing: new Map(Object.entries(routing).map(([id, choice]) => [id.toLowerCase(), choice]))
  }
}
