/** Files of the project by pattern, as triggers watch them. */
import { Context, type Effect } from "effect"

export interface NewestFile {
  readonly path: string
  /** Whole seconds since the epoch. */
  readonly changed: number
}

export class WatchedFiles extends Context.Service<WatchedFiles, {
  /** The file that was changed last among those that match; undefined when none does. What cannot be read is not there. */
  readonly newest: (
    patterns: ReadonlyArray<string>,
    ignore: ReadonlyArray<string>
  ) => Effect.Effect<NewestFile | undefined>
}>()("animus/trigger/WatchedFiles") {}
