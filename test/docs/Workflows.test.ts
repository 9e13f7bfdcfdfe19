/** docs/workflows.md: its grammar is the one that is read, and it names every key that is. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import * as Policy from "../../schemas/WorkflowPolicyYaml.ts"
import * as Yaml from "../../schemas/WorkflowYaml.ts"
import { parse } from "../../src/workflow/guard/Parse.ts"
import { proseOf, snippetsOf } from "./Snippets.ts"

const document = "docs/workflows.md"

/** As much of EBNF as the grammar uses: alternatives of sequences of options, repetitions and symbols. */
type Node =
  | { readonly _tag: "Any"; readonly of: ReadonlyArray<ReadonlyArray<Node>> }
  | { readonly _tag: "Repeat" | "Option"; readonly of: Node }
  | { readonly _tag: "Symbol"; readonly text: string }

const readGrammar = (text: string): ReadonlyMap<string, Node | undefined> => {
  const rules = text.matchAll(/^(\w+)\s*= (.*) ;$/gm)
  return new Map(
    [...rules].map(([, name = "", body = ""]) => [name, body.startsWith("?") ? undefined : readBody(body)])
  )
}

const readBody = (body: string): Node => {
  const tokens = body.match(/"[^"]*"|\w+|[|,{}[\]]/g) ?? []
  let at = 0
  const any = (): Node => {
    const of = [sequence()]
    while (tokens[at] === "|") {
      at++
      of.push(sequence())
    }
    return { _tag: "Any", of }
  }
  const sequence = (): ReadonlyArray<Node> => {
    const parts = [part()]
    while (tokens[at] === ",") {
      at++
      parts.push(part())
    }
    return parts
  }
  const part = (): Node => {
    const token = tokens[at++] ?? assert.fail(`the grammar ends in the middle of: ${body}`)
    if (token !== "{" && token !== "[") return { _tag: "Symbol", text: token }
    const of = any()
    at++
    return { _tag: token === "{" ? "Repeat" : "Option", of }
  }
  return any()
}

const [grammarText = ""] = snippetsOf(document).filter(({ language }) => language === "ebnf").map(({ text }) => text)
const grammar = readGrammar(grammarText)

const written: { readonly [name: string]: ReadonlyArray<string> } = {
  text: ["'it'", "\"it's\"", "''"],
  number: ["12", "-3", "0.5"],
  name: ["subject", "a-b", "_x1"]
}

/** A sentence of the grammar: `pick` chooses where there is a choice, and ends it when it has become deep. */
const sentence = (node: Node, pick: (count: number) => number, depth: number): ReadonlyArray<string> => {
  switch (node._tag) {
    case "Any": {
      const chosen = node.of[depth > 12 ? node.of.length - 1 : pick(node.of.length)] ?? []
      return chosen.flatMap((part) => sentence(part, pick, depth))
    }
    case "Option":
    case "Repeat":
      return depth > 12 || pick(2) === 0 ? [] : sentence(node.of, pick, depth + 1)
    case "Symbol": {
      const { text } = node
      if (text.startsWith("\"")) return [text.slice(1, -1)]
      const given = written[text]
      if (given !== undefined) return [given[pick(given.length)] ?? ""]
      return sentence(grammar.get(text) ?? assert.fail(`no rule ${text}`), pick, depth + 1)
    }
  }
}

describe("the grammar", () => {
  it("makes nothing but conditions that are read", () => {
    assert.strictEqual(grammar.size, 12)
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat(1000)), (numbers) => {
        const pick = (count: number) => (numbers.next().value ?? 0) % count
        const text = sentence({ _tag: "Symbol", text: "condition" }, pick, 0).join(" ")
        const read = parse(text)
        assert.isTrue(Result.isSuccess(read), `${text}: ${JSON.stringify(read)}`)
      }),
      { numRuns: 2000 }
    )
  }, 300_000)
})

describe("the tables", () => {
  const prose = proseOf(document)
  const blocks = { ...Yaml, ...Policy }
  const fieldsOf = (block: unknown): ReadonlyArray<string> => {
    const fields: unknown = Reflect.get(Object(block), "fields")
    return typeof fields === "object" && fields !== null ? Object.keys(fields) : []
  }
  const keys = Object.values(blocks).flatMap(fieldsOf)

  it("name every key", () => {
    const all = [...new Set([...keys, ...Yaml.compiledKeys, ...Yaml.keptKeys])]
    assert.isAbove(all.length, 80)
    assert.deepStrictEqual(all.filter((key) => !prose.includes(`\`${key}\``)), [])
  })
})
