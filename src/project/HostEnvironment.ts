/**
 * The environment this daemon was started with, and what marks its children as its own: `cookie` names the scope,
 * `generation` this one daemon. A daemon never passes on a cookie it inherited.
 */
import { Context } from "effect"

export class HostEnvironment extends Context.Service<HostEnvironment, {
  readonly env: Readonly<Record<string, string>>
  readonly cookie: string
  readonly generation: string
  /** Of a plugin that starts processes for its daemon: its own name. */
  readonly plugin?: string
}>()("animus/project/HostEnvironment") {}

export const COOKIE_VARIABLE = "ANIMUS_COOKIE"
export const GENERATION_VARIABLE = "ANIMUS_GENERATION"
/** Beside the mark: for which plugin, of whatever descends from one. */
export const PLUGIN_VARIABLE = "ANIMUS_PLUGIN"
/** Set by us alone: neither inherited nor asked for. */
export const markVariables: ReadonlySet<string> = new Set([COOKIE_VARIABLE, GENERATION_VARIABLE, PLUGIN_VARIABLE])

/** What every process started for this daemon carries, so that the next daemon can find what this one left behind. */
export const markOf = (
  { cookie, generation, plugin }: HostEnvironment["Service"]
): Readonly<Record<string, string>> => ({
  [COOKIE_VARIABLE]: cookie,
  [GENERATION_VARIABLE]: generation,
  ...(plugin === undefined ? {} : { [PLUGIN_VARIABLE]: plugin })
})
