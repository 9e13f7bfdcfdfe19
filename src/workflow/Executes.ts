/** What a definition would have the daemon execute that the repository wrote: nothing of it happens before its user trusted it. Pure. */
import type { Phase } from "../../schemas/Workflow.ts"

export const executes = (phase: Phase): boolean => {
  if (phase.mode !== "agent") return phase.mode === "command"
  const checks = phase.evals?.checks ?? []
  return phase.launch !== undefined ||
    Object.values(phase.mcp_servers ?? {}).some(({ command }) => command !== undefined) ||
    checks.some((check) => check.kind === "command" || check.launch !== undefined)
}
