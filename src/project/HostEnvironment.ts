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

export const COOKIE_VARIABLE = "ANIMUS_COOKIE"
export const GENERATION_VARIABLE = "ANIMUS_GENERATION"

/** What every process started for this daemon carries, so that the next daemon can find what this one left behind. */
export const markOf = ({ cookie, generation }: HostEnvironment["Service"]): Readonly<Record<string, string>> => ({
  [COOKIE_VARIABLE]: cookie,
  [GENERATION_VARIABLE]: generation
})
