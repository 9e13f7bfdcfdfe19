/**
 * Commands by name, each in a file that is loaded when it is called for: those whose name is among the arguments, or all of
 * them when none is, which is what help, a mistyped name and completions need.
 */
import type { Command } from "effect/cli"

type Loader = (args: ReadonlyArray<string>) => Promise<Command.Command.Any>

export interface Loaders {
  readonly [name: string]: Loader
}

type Loaded<L extends Loaders> = Awaited<ReturnType<L[keyof L]>>

const describesAll = /^--(completions|wizard)\b/

export const named = <L extends Loaders>(loaders: L, args: ReadonlyArray<string>) => {
  const all = Object.entries(loaders)
  const called = all.filter(([name]) => args.includes(name))
  const wanted = called.length === 0 || args.some((arg) => describesAll.test(arg)) ? all : called
  // Object.entries forgets which loaders these are.
  return Promise.all(wanted.map(([, load]) => load(args) as Promise<Loaded<L>>))
}
