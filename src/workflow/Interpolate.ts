/**
 * `${VAR}`, `${VAR:-default}`, `${VAR:?message}`, `${secret.name}` and `$$` in scalars, never in YAML text: a value cannot
 * bring structure along. A lone `$` stays as it is.
 */
import { Result } from "effect"

const reference = /\$\$|\$\{secret\.([A-Za-z_][A-Za-z0-9_-]*)\}|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([-?])([^}]*))?\}|\$\{/g

export type Lookup = (name: string) => string | undefined

/** The names that `text` refers to; a superset when `$$` hides one. */
export const referencedNames = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(reference)].flatMap(([, , name]) => name === undefined ? [] : [name])

/** The secrets that `text` refers to. */
export const secretNames = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(reference)].flatMap(([, name]) => name === undefined ? [] : [name])

export const looksSecret = (name: string): boolean => /TOKEN|KEY|SECRET|PASSWORD/i.test(name)

/** What a text comes to, piece by piece. */
type Piece = { readonly _tag: "Text"; readonly text: string } | { readonly _tag: "Secret"; readonly name: string }

const text = (text: string): Piece => ({ _tag: "Text", text })

const read = (source: string, lookup: Lookup): Result.Result<ReadonlyArray<Piece>, ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const variable = (whole: string, name: string, operator: string | undefined, rest: string): string => {
    const value = lookup(name)
    if (value !== undefined && (value !== "" || operator === undefined)) return value
    if (operator === "-") return rest
    problems.push(
      operator === "?" && rest !== "" ? `\${${name}} is not set: ${rest}` : `environment variable ${name} is not set`
    )
    return whole
  }
  const pieces: Array<Piece> = []
  let end = 0
  for (const match of source.matchAll(reference)) {
    const [whole, secret, name, operator, rest = ""] = match
    pieces.push(text(source.slice(end, match.index)))
    end = match.index + whole.length
    if (whole === "$$") pieces.push(text("$"))
    else if (secret !== undefined) pieces.push({ _tag: "Secret", name: secret })
    else if (name !== undefined) pieces.push(text(variable(whole, name, operator, rest)))
    else {
      problems.push("\"${\" begins a variable that is not written ${NAME}, ${NAME:-default} or ${NAME:?message}")
      pieces.push(text(whole))
    }
  }
  pieces.push(text(source.slice(end)))
  return problems.length === 0 ? Result.succeed(pieces) : Result.fail(problems)
}

const noSecret: Lookup = () => undefined

/** Fails with one message for each reference that cannot be resolved. */
export const interpolate = (
  source: string,
  lookup: Lookup,
  secrets: Lookup = noSecret
): Result.Result<string, ReadonlyArray<string>> =>
  Result.flatMap(read(source, lookup), (pieces) => {
    const unknown = pieces.flatMap((piece) =>
      piece._tag === "Secret" && secrets(piece.name) === undefined ? [`secret ${piece.name} has no value here`] : []
    )
    if (unknown.length > 0) return Result.fail(unknown)
    return Result.succeed(
      pieces.map((piece) => piece._tag === "Text" ? piece.text : secrets(piece.name) ?? "").join("")
    )
  })

const MARK = "${secret."

/**
 * The form in which a text is pinned: variables resolved, secrets still named. Where a reader could take anything in it for
 * a secret, every other dollar is doubled, so that `putSecrets` gives exactly what `interpolate` would have given.
 */
export const pin = (source: string, lookup: Lookup): Result.Result<string, ReadonlyArray<string>> =>
  Result.map(read(source, lookup), (pieces) => {
    const shown = pieces.map((piece) => piece._tag === "Text" ? piece.text : `${MARK}${piece.name}}`).join("")
    if (!shown.includes(MARK)) return shown
    return pieces.map((piece) => piece._tag === "Text" ? piece.text.replaceAll("$", "$$$$") : `${MARK}${piece.name}}`)
      .join("")
  })

/** A pinned text with its secrets. */
export const putSecrets = (pinned: string, secrets: Lookup): Result.Result<string, ReadonlyArray<string>> =>
  pinned.includes(MARK) ? interpolate(pinned, noSecret, secrets) : Result.succeed(pinned)
