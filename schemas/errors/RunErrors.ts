/** What can go wrong with workflows, runs, their store and their queue. */
import { Runtime, Schema } from "effect"
import { exitCodeOf } from "../Category.ts"

/** One thing wrong in a workflow file, where it stands, with that line of it. Lines and columns count from 1. */
export const WorkflowProblem = Schema.Struct({
  file: Schema.String,
  line: Schema.Int,
  column: Schema.Int,
  message: Schema.String,
  hint: Schema.optionalKey(Schema.String),
  source: Schema.optionalKey(Schema.String)
})
export type WorkflowProblem = typeof WorkflowProblem.Type

/** Columns of a source line that are shown, and of those the ones before the caret. */
const SHOWN = 100
const BEFORE = 60

/** The line with a caret below its column; of a long one the part around it. */
const pointAt = (source: string, column: number): string => {
  const from = source.length <= SHOWN ? 0 : Math.max(0, column - 1 - BEFORE)
  const shown = source.slice(from, from + SHOWN)
  return `  ${from === 0 ? "" : "…"}${shown}${from + SHOWN < source.length ? "…" : ""}\n${
    " ".repeat(column + 1 - from + (from === 0 ? 0 : 1))
  }^`
}

/** The one way in which a problem is shown to a person. */
export const renderProblem = ({ column, file, hint, line, message, source }: WorkflowProblem): string =>
  `${file}:${line}:${column}: ${message}${hint === undefined ? "" : ` (${hint})`}${
    source === undefined ? "" : `\n${pointAt(source, column)}`
  }`

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`

/** `warnings` are told beside the problems when somebody asked for everything. */
export class WorkflowInvalid extends Schema.TaggedError<WorkflowInvalid>()("WorkflowInvalid", {
  problems: Schema.NonEmptyArray(WorkflowProblem),
  warnings: Schema.optionalKey(Schema.Array(WorkflowProblem))
}) {
  readonly category = "invalid_request" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.invalid_request
  override get message() {
    const warnings = this.warnings ?? []
    return [
      `${counted(this.problems.length, "problem")} in the workflow files; mend them and try again:`,
      ...this.problems.map(renderProblem),
      ...(warnings.length === 0 ? [] : [`and ${counted(warnings.length, "warning")}:`, ...warnings.map(renderProblem)])
    ].join("\n")
  }
  /** For programs that read the failure of a command. */
  get data() {
    return { problems: this.problems, ...(this.warnings === undefined ? {} : { warnings: this.warnings }) }
  }
}

export class WorkflowNotFound extends Schema.TaggedError<WorkflowNotFound>()("WorkflowNotFound", {
  workflow: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    const known = this.known.length === 0
      ? "no workflow is defined; animus init writes a first one"
      : `defined: ${this.known.join(", ")}`
    return `no workflow is named "${this.workflow}" (${known})`
  }
}

export class RunNotFound extends Schema.TaggedError<RunNotFound>()("RunNotFound", { run: Schema.String }) {
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    return `no run ${this.run} in this project. See: animus workflow list`
  }
}

/** A phase may have partly executed before a crash and must not be repeated without a person's word. */
export class RunBlocked extends Schema.TaggedError<RunBlocked>()("RunBlocked", {
  run: Schema.String,
  phase: Schema.String,
  reason: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `run ${this.run} is blocked in phase ${this.phase}: ${
      this.reason.replace(/\.$/, "")
    }. When you have looked: animus workflow resume ${this.run} --force`
  }
}

/** The folder that a phase is to work in could not be made. */
export class WorktreeFailed extends Schema.TaggedError<WorktreeFailed>()("WorktreeFailed", {
  folder: Schema.String,
  branch: Schema.String,
  detail: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `worktree ${this.folder} on branch ${this.branch} could not be made: ${this.detail}. Look at it with: git worktree list; then: animus workflow retry ID`
  }
}

/** The run that a command stayed with has ended, and not as completed. */
export class RunNotCompleted extends Schema.TaggedError<RunNotCompleted>()("RunNotCompleted", {
  run: Schema.String,
  status: Schema.String,
  said: Schema.String
}) {
  readonly category = "internal" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.internal
  override get message() {
    return this.said
  }
}

/** The run is not in a state in which this command means anything. */
export class IllegalTransition extends Schema.TaggedError<IllegalTransition>()("IllegalTransition", {
  run: Schema.String,
  command: Schema.String,
  state: Schema.String,
  next: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `cannot ${this.command} run ${this.run}: it is ${this.state}. ${this.next}`
  }
}

/** A writer whose picture of the journal is stale: somebody else appended first. */
export class SequenceConflict extends Schema.TaggedError<SequenceConflict>()("SequenceConflict", {
  run: Schema.String,
  expected: Schema.Int,
  actual: Schema.Int
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `journal of run ${this.run} is at ${this.actual}, the writer expected ${this.expected}: another daemon writes to this store. Stop one of them`
  }
}

export class StoreUnreachable extends Schema.TaggedError<StoreUnreachable>()("StoreUnreachable", {
  operation: Schema.String,
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.operation} ${this.path}: ${this.detail}`
  }
}

/** Whoever asked for the room hears that nothing was kept; a run in flight waits instead, and tells `trouble` alone. */
export class StoreFull extends Schema.TaggedError<StoreFull>()("StoreFull", { path: Schema.String }) {
  get trouble() {
    return `no space left for ${this.path}`
  }
  override get message() {
    return `${this.trouble}. Nothing of this was kept: free some space there, then type the same command again`
  }
}

/** Bytes in the middle of a journal are not what was written. Never skipped over. */
export class StoreDamaged extends Schema.TaggedError<StoreDamaged>()("StoreDamaged", {
  path: Schema.String,
  line: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}:${this.line} is damaged (${this.detail}). Restore the file from a backup, or move its folder away to go on without this run`
  }
}

/** The same of the queue's journal, which is about no run. */
export class QueueDamaged extends Schema.TaggedError<QueueDamaged>()("QueueDamaged", {
  path: Schema.String,
  line: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `the queue's journal ${this.path}:${this.line} is damaged (${this.detail}). Restore the file from a backup, ` +
      "or move it away: the queue then starts empty, and every run is kept"
  }
}

export const StoreFailureReason = Schema.Union([StoreUnreachable, StoreFull, StoreDamaged, QueueDamaged])
export type StoreFailureReason = typeof StoreFailureReason.Type

export class SessionStoreFailed extends Schema.TaggedError<SessionStoreFailed>()("SessionStoreFailed", {
  reason: StoreFailureReason
}) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return this.reason._tag === "QueueDamaged" ? this.reason.message : `session store failed: ${this.reason.message}`
  }
  /** What is wrong, without what that means for whoever met it. */
  get trouble() {
    return this.reason._tag === "StoreFull" ? this.reason.trouble : this.reason.message
  }
}

/** Both stores know the run, and neither is the beginning of the other. Nothing of it is changed. */
export class SessionsDiverged extends Schema.TaggedError<SessionsDiverged>()("SessionsDiverged", {
  run: Schema.String,
  what: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `run ${this.run} is in both stores, and they differ in ${this.what}: a daemon wrote to both. ` +
      "Move to a store that does not have it, or remove it from the one that is wrong, then type the same command again"
  }
}

/** There was no room for the first event of a new run, so there is no such run. */
export class RunNotStarted extends Schema.TaggedError<RunNotStarted>()("RunNotStarted", { path: Schema.String }) {
  readonly category = "unavailable" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.unavailable
  override get message() {
    return `nothing was started: no space left for ${this.path}. Free some space there, then type the same command again`
  }
}

export class QueueEntryNotFound
  extends Schema.TaggedError<QueueEntryNotFound>()("QueueEntryNotFound", { entry: Schema.String })
{
  readonly category = "not_found" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.not_found
  override get message() {
    return `no queue entry ${this.entry}. See: animus queue list`
  }
}

/** The entry is there, but not in a state in which this verb means anything. */
export class QueueEntryBusy extends Schema.TaggedError<QueueEntryBusy>()("QueueEntryBusy", {
  entry: Schema.String,
  verb: Schema.String,
  state: Schema.String
}) {
  readonly category = "conflict" as const
  override readonly [Runtime.errorExitCode] = exitCodeOf.conflict
  override get message() {
    return `cannot ${this.verb} queue entry ${this.entry}: it is ${this.state}. See: animus queue list`
  }
}
