/** A guard's text cut into tokens, each with the place where it begins. */
import { Result } from "effect"
import type { Scalar } from "./Expression.ts"

export type Token =
  | { readonly _tag: "Name"; readonly text: string; readonly at: number }
  | { readonly _tag: "Value"; readonly text: string; readonly value: Scalar; readonly at: number }
  | { readonly _tag: "Sign"; readonly text: string; readonly at: number }

/** What is wrong with a guard; `at` counts the characters of its text from 0. */
export interface GuardFault {
  readonly at: number
  readonly message: string
  readonly hint: string
}

const blank = /\s+/y
const sign = /==|!=|<=|>=|&&|\|\||[<>!()[\],.]/y
const name = /[A-Za-z_][A-Za-z0-9_-]*/y
const number = /-?\d+(?:\.\d+)?(?![A-Za-z0-9_.])/y
const text = /'([^']*)'|"([^"]*)"/y

const matchAt = (pattern: RegExp, source: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at
  return pattern.exec(source)
}

const wordOf = (text: string, at: number): Token =>
  text === "in"
    ? { _tag: "Sign", text, at }
    : text === "true" || text === "false"
    ? { _tag: "Value", text, value: text === "true", at }
    : { _tag: "Name", text, at }

const tokenAt = (source: string, at: number): Token | undefined => {
  const quoted = matchAt(text, source, at)
  if (quoted !== null) return { _tag: "Value", text: quoted[0], value: quoted[1] ?? quoted[2] ?? "", at }
  const digits = matchAt(number, source, at)
  if (digits !== null) return { _tag: "Value", text: digits[0], value: Number(digits[0]), at }
  const word = matchAt(name, source, at)
  if (word !== null) return wordOf(word[0], at)
  const mark = matchAt(sign, source, at)
  return mark === null ? undefined : { _tag: "Sign", text: mark[0], at }
}

const meant: { readonly [character: string]: string } = {
  "=": "did you mean \"==\"?",
  "&": "did you mean \"&&\"?",
  "|": "did you mean \"||\"?"
}

const fault = (source: string, at: number): GuardFault => {
  const character = source[at] ?? ""
  if (character === "'" || character === "\"") {
    return { at, message: "this text has no end", hint: `close it with ${character}` }
  }
  return {
    at,
    message: `"${character}" means nothing here`,
    hint: meant[character] ?? "a value is written in quotes, as in subject.kind == 'task'"
  }
}

export const tokensOf = (source: string): Result.Result<ReadonlyArray<Token>, GuardFault> => {
  const tokens: Array<Token> = []
  let at = 0
  while (at < source.length) {
    const space = matchAt(blank, source, at)
    if (space !== null) {
      at += space[0].length
      continue
    }
    const token = tokenAt(source, at)
    if (token === undefined) return Result.fail(fault(source, at))
    tokens.push(token)
    at += token.text.length
  }
  return Result.succeed(tokens)
}
