/**
 * `${VAR}`, `${VAR:-default}`, `${VAR:?message}` and `$$` in scalars, never in YAML text: a value cannot bring structure
 * along. A lone `$` stays as it is.
 */
import { Result } from "effect"

const reference = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([-?])([^}]*))?\}|\$\{/g

export type Lookup = (name: string) => string | undefined

/** The names that `text` refers to; a superset when `$$` hides one. */
export const referencedNames = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(reference)].flatMap(([, name]) => name === undefined ? [] : [name])

export const looksSecret = (name: string): boolean => /TOKEN|KEY|SECRET|PASSWORD/i.test(name)

/** Fails with one message for each reference that cannot be resolved. */
export const interpolate = (text: string, lookup: Lookup): Result.Result<string, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const resolved = text.replace(reference, (whole, name?: string, operator?: string, rest = "") => {
    if (whole === "$$") return "$"
    if (name === undefined) {
      problems.push("\"${\" begins a variable that is not written ${NAME}, ${NAME:-default} or ${NAME:?message}")
      return whole
    }
    const value = lookup(name)
    if (value !== undefined && (value !== "" || operator === undefined)) return value
    if (operator === "-") return rest
    problems.push(
      operator === "?" && rest !== "" ? `\${${name}} is not set: ${rest}` : `environment variable ${name} is not set`
    )
    return whole
  })
  return problems.length === 0 ? Result.succeed(resolved) : Result.fail(problems)
}
