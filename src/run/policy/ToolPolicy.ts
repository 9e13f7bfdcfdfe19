/** Which tools an agent may use. Pure, and linear in the length of a name whatever the globs. */
import type { ToolPolicy } from "../../../schemas/WorkflowPolicy.ts"

/** `*` stands for any characters, also none; case counts. */
export const globMatches = (glob: string, name: string): boolean => {
  const [first = "", ...rest] = glob.split("*")
  const last = rest.pop()
  if (last === undefined) return glob === name
  if (!name.startsWith(first)) return false
  let from = first.length
  for (const part of rest) {
    const found = name.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return name.length - last.length >= from && name.endsWith(last)
}

/** Nothing allowed by name means everything; what is denied stays denied. */
export const allowsTool = (policy: ToolPolicy | undefined, name: string): boolean => {
  if (policy === undefined) return true
  if (policy.deny.some((glob) => globMatches(glob, name))) return false
  return policy.allow.length === 0 || policy.allow.some((glob) => globMatches(glob, name))
}
