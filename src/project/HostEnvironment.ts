/**
 * The environment this daemon was started with, and what marks its children as its own: `cookie` names the scope,
 * `generation` this one daemon. A daemon never passes on a cookie it inherited.
 */
import { Context } from "effect"

export class HostEnvironment extends Context.Service<HostEnvironment, {
  readonly env: Readonly<Record<string, string>>
  readonly cookie: string
  readonly generation: string
}>()("animus/project/HostEnvironment") {}
