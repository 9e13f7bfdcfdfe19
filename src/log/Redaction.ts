/** Takes secrets out of what is kept: values that follow a telling word in any text, values under a telling key in any data. Pure. */
import type { Json } from "../../schemas/Json.ts"

export const REDACTED = "***REDACTED***"

/** Each is one or more words; a key that has these words in a row holds a secret: `access_token` does, `input_tokens` does not. */
export const defaultKeys: ReadonlyArray<string> = [
  "api_key",
  "apikey",
  "password",
  "passphrase",
  "token",
  "secret",
  "authorization",
  "credential",
  "credentials",
  "private_key"
]

export interface RedactionOptions {
  /** Replaces `defaultKeys`. */
  readonly keys?: ReadonlyArray<string>
  /** More of what no text may contain. */
  readonly patterns?: ReadonlyArray<RegExp>
}

export interface Redactor {
  readonly text: (text: string) => string
  readonly data: (data: Json) => Json
}

type Rule = readonly [RegExp, string]

const WORD = "api_key|api-key|apikey|password|token|secret"

const rules: ReadonlyArray<Rule> = [
  // As data in a text: the key and the value in quotes, however they are escaped.
  [
    new RegExp(
      `(\\\\*["'](?:[\\w-]*(?:${WORD})|authorization)\\\\*["']\\s*:\\s*)(\\\\*")(?:[^"\\\\]|\\\\[^"])*\\\\*"`,
      "gi"
    ),
    `$1$2${REDACTED}$2`
  ],
  // A header in quotes ends with them, any other with its line: the scheme is not the secret.
  [/(["'])authorization\s*[:=](?:(?!\1)[^\r\n])*/gi, `$1authorization=${REDACTED}`],
  [/(?<!["'])\bauthorization\s*[:=][^\r\n]*/gi, `authorization=${REDACTED}`],
  [/\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${REDACTED}`],
  [new RegExp(`(${WORD})\\s*[:=]\\s*(?:"[^"\\r\\n]*"|'[^'\\r\\n]*'|\\S+)`, "gi"), `$1=${REDACTED}`]
]

const wordsOf = (name: string): string => {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
  return `_${spaced.toLowerCase().replace(/[^a-z0-9]+/g, "_")}_`
}

export const makeRedactor = (options: RedactionOptions = {}): Redactor => {
  const keys = (options.keys ?? defaultKeys).map(wordsOf)
  const own = (options.patterns ?? []).map((pattern): Rule => [pattern, REDACTED])
  const isTelling = (key: string): boolean => {
    const words = wordsOf(key)
    return keys.some((telling) => words.includes(telling))
  }
  const text = (text: string): string =>
    [...rules, ...own].reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), text)
  const data = (value: Json): Json => {
    if (typeof value === "string") return text(value)
    if (typeof value !== "object" || value === null) return value
    if (Array.isArray(value)) return value.map(data)
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, isTelling(key) ? REDACTED : data(part)])
    )
  }
  return { text, data }
}

/** `ANIMUS_LOG_REDACT_PATTERNS`: regular expressions, comma-separated; one that is not valid is left out. */
export const parsePatterns = (list: string): ReadonlyArray<RegExp> => parseList(list).flatMap(compile)

/** `ANIMUS_LOG_REDACT_KEYS`, comma-separated. */
export const parseList = (list: string): ReadonlyArray<string> =>
  list.split(",").map((item) => item.trim()).filter((item) => item !== "")

const compile = (source: string): ReadonlyArray<RegExp> => {
  try {
    return [new RegExp(source, "gi")]
  } catch {
    return []
  }
}
