/** What came with this copy of Animus, as absolute paths: only the entry point knows where it lies. */
import { Context } from "effect"

export interface ReferencePlugin {
  readonly name: string
  /** The section of `plugins.yaml` it is registered under. */
  readonly section: "plugins" | "providers"
  readonly path: string
}

export class Installation extends Context.Service<Installation, {
  readonly version: string
  /** Starts this same program again: an executable and the arguments that come before the command. */
  readonly self: readonly [string, ...ReadonlyArray<string>]
  readonly referencePlugins: ReadonlyArray<ReferencePlugin>
  readonly demoAgent: string
}>()("animus/cli/Installation") {}
