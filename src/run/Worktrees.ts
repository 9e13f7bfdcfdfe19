/**
 * Where a phase works: the project's own folder, or a worktree of its subject, on a branch of its own. Two runs about the
 * same subject share it; what somebody has not committed there is never taken away.
 */
import { Context, Effect, FileSystem, Path, Semaphore } from "effect"
import { WorktreeFailed } from "../../schemas/errors/RunErrors.ts"
import type { Phase } from "../../schemas/Workflow.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { SessionStore } from "../session/SessionStore.ts"
import { git } from "./Git.ts"
import { branchOf, wantsWorktree, worktreeOf } from "./policy/Worktree.ts"
import type { RunState } from "./RunState.ts"
import { templateValues } from "./Template.ts"

const subjectOf = ({ dispatch, subject }: RunState): string => subject?.id ?? dispatch.subject.id

/** By the subject alone, so that it is the same for every run and after every crash. */
const placeOf = Effect.fnUntraced(function*(state: RunState) {
  const { scopeDir } = yield* ProjectScope
  const path = yield* Path.Path
  const branch = branchOf(subjectOf(state))
  return { branch, folder: path.join(scopeDir, "worktrees", path.basename(branch)) }
})

type Standing = "there" | "half made" | "gone"

/** As git itself says: one whose making was cut short has a `.git` and a part of the files. */
const standingOf = Effect.fnUntraced(function*(projectRoot: string, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const real = yield* Effect.orElseSucceed(fs.realPath(folder), () => folder)
  const { said } = yield* git(projectRoot, "worktree", "list", "--porcelain")
  const lines = said.split("\n\n").map((block) => block.split("\n")).find(([first]) => first === `worktree ${real}`)
  const standing: Standing = lines === undefined || lines.some((line) => line.startsWith("prunable"))
    ? "gone"
    : lines.some((line) => line.startsWith("locked initializing"))
    ? "half made"
    : "there"
  return standing
})

const add = Effect.fnUntraced(function*(state: RunState, projectRoot: string, base: string) {
  const { branch, folder } = yield* placeOf(state)
  const standing = yield* standingOf(projectRoot, folder)
  if (standing === "there") return folder
  if (standing === "half made") yield* git(projectRoot, "worktree", "remove", "--force", "--force", folder)
  // One whose folder somebody deleted is still known to git.
  yield* git(projectRoot, "worktree", "prune")
  const known = yield* git(projectRoot, "rev-parse", "--verify", "--quiet", `refs/heads/${branch}`)
  const made = yield* git(
    projectRoot,
    "worktree",
    "add",
    "--quiet",
    ...known.ok ? [folder, branch] : ["-b", branch, folder, base]
  )
  if (made.ok) return folder
  return yield* new WorktreeFailed({ folder, branch, detail: made.said })
})

/** Whoever makes one, or takes one away, is alone with git. */
const Turn = Context.Reference("animus/run/WorktreeTurn", { defaultValue: () => Semaphore.makeUnsafe(1) })

const rootOf = Effect.fnUntraced(function*(state: RunState, phase: Phase) {
  const { projectRoot } = yield* ProjectScope
  const worktree = worktreeOf(state.definition, phase)
  if (worktree.mode === "skip") return projectRoot
  const base = worktree.base_ref ?? "HEAD"
  const { ok } = yield* git(projectRoot, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
  if (!wantsWorktree(worktree, ok)) return projectRoot
  return yield* (yield* Turn).withPermit(add(state, projectRoot, base))
})

/** Its folder, and what `{{name}}` stands for in it. */
export const workplaceOf = Effect.fnUntraced(function*(state: RunState, phase: Phase) {
  const { projectRoot } = yield* ProjectScope
  const root = yield* rootOf(state, phase)
  return { root, valuesIn: (cwd: string) => templateValues(state, { phase: phase.id, projectRoot, cwd }) }
})

/** Whether another run about the same subject may be at work in it. */
const isShared = Effect.fnUntraced(function*(state: RunState) {
  const store = yield* SessionStore
  const others = yield* store.unfinished
  return others.some(({ run, subject_id }) => run !== state.head.run && subject_id === subjectOf(state))
})

const remove = Effect.fnUntraced(function*(state: RunState) {
  const fs = yield* FileSystem.FileSystem
  const { projectRoot } = yield* ProjectScope
  const { branch, folder } = yield* placeOf(state)
  if (!(yield* Effect.orElseSucceed(fs.exists(folder), () => false)) || (yield* isShared(state))) return
  const removed = yield* git(projectRoot, "worktree", "remove", folder)
  if (!removed.ok) {
    return yield* Effect.logInfo(`${folder} stays: ${removed.said}. Look at it with: git -C ${folder} status`)
  }
  // Refused, and rightly, when it has commits that are nowhere else.
  yield* git(projectRoot, "branch", "--delete", branch)
})

/** Of a run that is over: its worktree if nothing in it would be lost, and its branch if it holds nothing of its own. */
export const tidyWorktree = Effect.fnUntraced(
  function*(state: RunState) {
    const { definition } = state
    const worktrees = definition.phases.map((phase) => worktreeOf(definition, phase))
    if (!worktrees.some(({ cleanup, mode }) => mode !== "skip" && cleanup)) return
    yield* (yield* Turn).withPermit(remove(state))
  },
  Effect.catch(({ message }) => Effect.logWarning(`a worktree stays where it is: ${message}`))
)
