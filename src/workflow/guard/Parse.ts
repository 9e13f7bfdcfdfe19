/** Reads a guard by the grammar in docs/workflows.md: recursive descent, one function a rule; its first fault is told. */
import { Result } from "effect"
import { type Comparison, comparisons, type Expression, isName, type Scalar } from "./Expression.ts"
import { type GuardFault, type Token, tokensOf } from "./Tokens.ts"

/** Nobody reads a longer one, and what reads it must not run out of stack. */
const LONGEST = 2000
const DEEPEST = 50

const isComparison = (text: string): text is Comparison => comparisons.some((one) => one === text)

class Reader {
  private place = 0
  private depth = 0
  private fault: GuardFault | undefined
  private readonly tokens: ReadonlyArray<Token>
  private readonly end: number

  constructor(tokens: ReadonlyArray<Token>, end: number) {
    this.tokens = tokens
    this.end = end
  }

  whole(): Result.Result<Expression, GuardFault> {
    const expression = this.or()
    const left = this.tokens[this.place]
    if (left !== undefined) {
      const hint = isComparison(left.text)
        ? "comparisons do not chain: join two with &&"
        : "join two conditions with && or ||"
      this.refuse(`"${left.text}" stands after the end of the condition`, hint)
    }
    return this.fault === undefined ? Result.succeed(expression) : Result.fail(this.fault)
  }

  /** Only the first fault counts; nothing is read after it. */
  private refuse(message: string, hint: string): Extract<Expression, { readonly _tag: "Literal" }> {
    const at = this.tokens[this.place]?.at ?? this.end
    this.fault ??= { at, message, hint }
    this.place = this.tokens.length
    return { _tag: "Literal", value: false, at }
  }

  private takes(...signs: ReadonlyArray<string>): Token | undefined {
    const token = this.tokens[this.place]
    if (token?._tag !== "Sign" || !signs.includes(token.text)) return undefined
    this.place++
    return token
  }

  private must(sign: string, after: string): void {
    if (this.takes(sign) === undefined) this.refuse(`"${sign}" is missing after ${after}`, `write ${sign} here`)
  }

  private or(): Expression {
    let left = this.and()
    for (let sign = this.takes("||"); sign !== undefined; sign = this.takes("||")) {
      left = { _tag: "Or", left, right: this.and(), at: sign.at }
    }
    return left
  }

  private and(): Expression {
    let left = this.comparison()
    for (let sign = this.takes("&&"); sign !== undefined; sign = this.takes("&&")) {
      left = { _tag: "And", left, right: this.comparison(), at: sign.at }
    }
    return left
  }

  private comparison(): Expression {
    const left = this.unary()
    const sign = this.takes(...comparisons)
    if (sign === undefined || !isComparison(sign.text)) return left
    return { _tag: "Compare", operator: sign.text, left, right: this.unary(), at: sign.at }
  }

  private unary(): Expression {
    const sign = this.takes("!")
    return sign === undefined ? this.operand() : { _tag: "Not", of: this.deeper(() => this.unary()), at: sign.at }
  }

  private deeper(read: () => Expression): Expression {
    if (++this.depth > DEEPEST) return this.refuse("this condition is nested too deeply", `at most ${DEEPEST} levels`)
    const expression = read()
    this.depth--
    return expression
  }

  private operand(): Expression {
    const open = this.takes("(")
    if (open !== undefined) {
      const inner = this.deeper(() => this.or())
      this.must(")", "the condition in parentheses")
      return inner
    }
    const list = this.takes("[")
    if (list !== undefined) return { _tag: "List", items: this.items(), at: list.at }
    const token = this.tokens[this.place]
    if (token === undefined) return this.refuse("the condition ends too early", "a field or a value comes here")
    if (token._tag === "Sign") {
      return this.refuse(`"${token.text}" stands where a field or a value belongs`, "as in subject.kind == 'task'")
    }
    this.place++
    return token._tag === "Value"
      ? { _tag: "Literal", value: token.value, at: token.at }
      : { _tag: "Path", path: [token.text, ...this.steps()], at: token.at }
  }

  private items(): ReadonlyArray<Scalar> {
    const items: Array<Scalar> = []
    if (this.takes("]") !== undefined) return items
    do {
      items.push(this.literal("a list holds values: texts, numbers, true and false"))
    } while (this.takes(",") !== undefined)
    this.must("]", "the last value of the list")
    return items
  }

  private literal(hint: string): Scalar {
    const token = this.tokens[this.place]
    if (token?._tag !== "Value") return this.refuse("a value belongs here", hint).value
    this.place++
    return token.value
  }

  private steps(): ReadonlyArray<string> {
    const steps: Array<string> = []
    for (let sign = this.takes(".", "["); sign !== undefined; sign = this.takes(".", "[")) {
      if (sign.text === "[") {
        steps.push(String(this.literal("a name in brackets is a text, as in subject.custom['due date']")))
        this.must("]", "the name in brackets")
      } else steps.push(this.name())
    }
    return steps
  }

  private name(): string {
    const token = this.tokens[this.place]
    if (token === undefined || !(token._tag === "Name" || /^[a-z]+$/.test(token.text))) {
      this.refuse("a name belongs after the dot", "as in subject.kind")
      return ""
    }
    this.place++
    return token.text
  }
}

export const parse = (text: string): Result.Result<Expression, GuardFault> => {
  if (text.length > LONGEST) {
    return Result.fail({ at: 0, message: "this condition is too long", hint: `at most ${LONGEST} characters` })
  }
  return Result.flatMap(tokensOf(text), (tokens) => new Reader(tokens, text.length).whole())
}

/** A single name and nothing else. */
export const bareWord = (expression: Expression): string | undefined =>
  expression._tag === "Path" && expression.path.length === 1 && isName(expression.path[0] ?? "")
    ? expression.path[0]
    : undefined
