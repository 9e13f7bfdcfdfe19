/**
 * Where this project's files are. Resolved once, at the edge; every service asks here and none builds a path from a hash
 * of its own, so logs, state and socket can never end up in different places.
 */
import { Context } from "effect"

export class ProjectScope extends Context.Service<ProjectScope, {
  /** Absolute, canonical. */
  readonly projectRoot: string
  /** `<project>/.animus`: what a repository brings along. Input, never code, until it is trusted. */
  readonly projectDir: string
  /** `~/.animus`, or `$ANIMUS_CONFIG_DIR`: this user's own registry, approvals and caches. */
  readonly configDir: string
  /** `<configDir>/<scope>`: this project's state, 0700. */
  readonly scopeDir: string
  readonly socketPath: string
}>()("animus/project/ProjectScope") {}
