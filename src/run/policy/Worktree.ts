/** Whether a phase works in a worktree of its run, and how that is called. Pure. */
import type { Phase, WorkflowDefinition } from "../../../schemas/Workflow.ts"
import type { Worktree } from "../../../schemas/WorkflowPolicy.ts"

/** What the phase says, else what its workflow says; without a word the project's own folder. */
export const worktreeOf = (definition: WorkflowDefinition, phase: Phase): Worktree =>
  phase.worktree ?? definition.worktree ?? { mode: "skip", cleanup: true }

/** `auto` makes one where there is a repository to make it from, `required` does not go on without. */
export const wantsWorktree = ({ mode }: Worktree, isRepository: boolean): boolean =>
  mode === "required" || (mode === "auto" && isRepository)

/** FNV-1a, 32 bits: tells apart what would otherwise get one name. */
const markOf = (text: string): string => {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, "0")
}

/** A name that git takes for a branch and a file system for a folder; another one for every subject. */
export const branchOf = (subject: string): string => {
  const name = subject.replaceAll(/[^A-Za-z0-9._-]+/g, "-").replaceAll(/\.{2,}/g, ".").replace(/^[-.]+/, "")
  const end = name.slice(0, 100).replace(/(?:\.lock|[-.])+$/, "")
  return `animus/${end === subject.replaceAll(":", "-") ? end : `${end === "" ? "subject" : end}-${markOf(subject)}`}`
}
