/** What phases are read with: everything that they may refer to, and where to tell what is wrong. */
import type { AuthoredModel } from "../../schemas/WorkflowYaml.ts"
import type { Agent } from "./Agents.ts"
import type { DaemonSection } from "./Daemon.ts"
import type { Findings } from "./Findings.ts"
import type { Servers } from "./McpServers.ts"
import type { Secrets } from "./Secrets.ts"
import type { Table } from "./Table.ts"

export interface PhaseContext {
  readonly agents: Table<Agent>
  /** Lower-cased basenames. */
  readonly programs: ReadonlySet<string>
  readonly secrets: Secrets
  readonly models: Table<AuthoredModel>
  readonly servers: Servers
  readonly routing: DaemonSection["routing"]
  readonly findings: Findings
}
