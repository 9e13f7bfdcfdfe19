/**
 * Whether this user approved what the project would have executed. A repository that someone cloned is input: nothing of
 * its own runs, not even a `--manifest` probe, until the bytes under its `.animus` folder were approved. Approvals are
 * hashes in the user's folder; a repository cannot grant itself anything, and a changed byte withdraws the approval.
 */
import { Context, type Effect } from "effect"
import type { ProjectNotTrusted, StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"

export interface TrustStatus {
  readonly trusted: boolean
  /** What the hash covers, relative to the project root, in order. */
  readonly files: ReadonlyArray<string>
  readonly hash: string
  readonly approvedHash: string | undefined
}

export class Trust extends Context.Service<Trust, {
  readonly status: Effect.Effect<TrustStatus, StateFolderUnusable>
  readonly approve: Effect.Effect<TrustStatus, StateFolderUnusable>
  readonly revoke: Effect.Effect<void, StateFolderUnusable>
  /** `because` names what wanted to run, for the operator who reads the refusal. */
  readonly require: (because: string) => Effect.Effect<void, ProjectNotTrusted | StateFolderUnusable>
}>()("animus/project/Trust") {}
