/** Whether files that changed have come to rest. Pure. */
import type { NewestFile } from "./WatchedFiles.ts"

export interface Watched {
  /** Seconds since the epoch: what is not newer starts nothing. */
  readonly baseline: number
  readonly pending: { readonly changed: number; readonly since: number } | undefined
}

export interface Stepped {
  /** The files are at rest since they changed. */
  readonly fires: NewestFile | undefined
  /** From here on when the work is queued, and when it is not. */
  readonly next: Watched
  readonly waiting: Watched
}

/** The first look makes the baseline and fires nothing. */
export const step = (
  before: Watched | undefined,
  newest: NewestFile | undefined,
  now: number,
  debounce: number
): Stepped => {
  const changed = newest?.changed ?? 0
  const quiet: Watched = { baseline: before?.baseline ?? changed, pending: undefined }
  if (newest === undefined || changed <= quiet.baseline) return { fires: undefined, next: quiet, waiting: quiet }
  const same = before?.pending?.changed === changed ? before.pending : undefined
  const pending = same ?? { changed, since: now }
  const waiting = { baseline: quiet.baseline, pending }
  return {
    fires: now - pending.since >= debounce ? newest : undefined,
    next: { baseline: changed, pending: undefined },
    waiting
  }
}
