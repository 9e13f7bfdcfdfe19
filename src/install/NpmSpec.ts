/** `NAME@VERSION` as operators type it. Pure. */

export interface NpmSpec {
  readonly name: string
  /** What follows the `@`; undefined for the newest. */
  readonly range: string | undefined
  /** One exact version: an update leaves it alone. */
  readonly pinned: boolean
}

const EXACT = /^v?\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/
const NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/
/** Versions, ranges and tags; nothing that npm would read as a file, a repository, an address or an option. */
const RANGE = /^[0-9A-Za-z^~<>=*][0-9A-Za-z.^~<>=*+ -]*$/

/** Undefined for what is no package of the registry. */
export const parseNpmSpec = (text: string): NpmSpec | undefined => {
  const at = text.indexOf("@", 1)
  const name = at === -1 ? text : text.slice(0, at)
  const range = at === -1 ? undefined : text.slice(at + 1)
  if (!NAME.test(name) || name.startsWith("-") || (range !== undefined && !RANGE.test(range))) return undefined
  return { name, range, pinned: range !== undefined && EXACT.test(range) }
}
