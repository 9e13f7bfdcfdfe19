/** Where a page ends that is not the last: the flag that goes on from there, and the line that says what to type. */
import { Flag } from "effect/cli"
import { shellWord } from "../run/ShellWord.ts"

export const cursor = Flag.String("cursor").pipe(
  Flag.optional,
  Flag.withDescription("Where the page before ended, as it said")
)

/** The same command again, from there on. */
export const further = (
  command: string,
  flags: Readonly<Record<string, string | number | undefined>>,
  next: string | undefined
): ReadonlyArray<string> => {
  if (next === undefined) return []
  const words = Object.entries({ ...flags, cursor: next }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${shellWord(String(value))}`]
  )
  return [`more with: ${command} ${words.join(" ")}`]
}
