/** What the documents say outside their blocks, as far as a program can judge it: links, files, names, commands, messages. */
import { execFileSync } from "node:child_process"
import { existsSync, globSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { assert, describe, it } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { type Said, typed as type } from "../process/Typed.ts"
import { allSnippets, documents, proseOf, root, textOf } from "./Snippets.ts"

const all = documents.map((document) => ({ document, prose: proseOf(document) }))

const inlineCode = (prose: string): ReadonlyArray<string> =>
  [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code)

const sources = globSync("{src,layers,schemas,plugins,bin}/**/*.ts", { cwd: root })
/** Ours, and the modules of Effect that a decision was made about. */
const source = [...sources, "node_modules/effect/src/rpc/RpcSerialization.ts"].map((file) =>
  readFileSync(join(root, file), "utf8")
).join("\n")

describe("blocks", () => {
  /** Nothing reads these; each has its reason. */
  const unread = [
    // The suite that would be running them is what they start; `.ci/run` types them on a clean checkout.
    "README.md: Animus (text)",
    "docs/architecture.md: Topology (mermaid)"
  ]

  it("are read or followed by a test of this folder or of test/package, but for those named here", () => {
    const read = new Set(["ts", "sh", "console", "yaml", "json", "ebnf"])
    const others = allSnippets.filter(({ language }) => !read.has(language))
    assert.deepStrictEqual(
      others.map(({ document, heading, language }) => `${document}: ${heading} (${language})`),
      unread
    )
    const fences = documents.flatMap((document) => textOf(document).match(/^ *(```|~~~)/gm) ?? [])
    assert.strictEqual(fences.length, allSnippets.length * 2, "a fence that the tests do not see")
  })

  it("with commands stand in documents that a test follows", () => {
    const followed = ["README.md", "docs/layers.md", "docs/operating.md", "docs/plugins.md", "docs/session-store.md"]
    const typed = allSnippets.filter(({ language }) => language === "sh" || language === "console")
    assert.deepStrictEqual([...new Set(typed.map(({ document }) => document))].toSorted(), followed)
  })

  it("show an example's file as it is", () => {
    const shown = allSnippets.flatMap(({ document, file = "", text }) => {
      const example = join(root, "examples", basename(document, ".md"), file)
      return file !== "" && existsSync(example) ? [[text, readFileSync(example, "utf8")]] : []
    })
    assert.isNotEmpty(shown)
    for (const [text, example] of shown) assert.strictEqual(text, example)
  })

  it("draw a topology of services that exist", () => {
    const drawing = allSnippets.find(({ language }) => language === "mermaid")?.text ?? ""
    const drawn = [...drawing.matchAll(/[[({]([A-Z][a-z]\w+)[\])}]/g)].map(([, name]) => name)
    assert.isAbove(drawn.length, 8)
    assert.deepStrictEqual(drawn.filter((name) => !sources.some((file) => file.endsWith(`/${name}.ts`))), [])
  })
})

describe("README", () => {
  it("names the two commands that package.json and the gate know", () => {
    const [commands] = allSnippets
    assert.deepStrictEqual(commands?.text.match(/^npm ci && npm (run )?\w+/gm), [
      "npm ci && npm run demo",
      "npm ci && npm test"
    ])
    assert.strictEqual(manifest.scripts.demo, "bin/animus demo")
    const gate = readFileSync(join(root, ".ci/run"), "utf8")
    assert.match(gate, /npm ci\n(.*\n)*.*npm test/)
  })
})

describe("docs/dependencies.md", () => {
  it("gives a reason for every dependency, and for no other", () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest
    const asked = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
    const rows = proseOf("docs/dependencies.md").match(/^\| [^|]*/gm) ?? []
    const explained = rows.flatMap(inlineCode).map((name) => name.replace("*", ""))
    assert.deepStrictEqual(
      asked.filter((name) => !explained.some((one) => name === one || one.endsWith("/") && name.startsWith(one))),
      []
    )
    assert.deepStrictEqual(explained.filter((one) => !asked.some((name) => name.startsWith(one))), [])
  })
})

describe.each(all)("$document", ({ document, prose }) => {
  it("links to what is there", () => {
    const links = [...prose.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, path = ""]) => path)
    assert.deepStrictEqual(links.filter((path) => !existsSync(join(root, dirname(document), path))), [])
  })

  it("names files that are there", () => {
    const ours = /^(?:src|layers|schemas|plugins|bin|test|bench|docs|examples|\.ci)\/[\w./-]*$/
    const named = inlineCode(prose).filter((code) => ours.test(code))
    assert.deepStrictEqual(named.filter((path) => !existsSync(join(root, path))), [])
  })

  it("names what the sources name", () => {
    const names = inlineCode(prose).filter((code) => !/^\w+\.[a-z]+$/.test(code)).flatMap((code) =>
      /^([A-Z][a-z]+[A-Z]\w+|[a-z]+[A-Z]\w+)\b/.exec(code)?.[1] ?? []
    )
    assert.deepStrictEqual(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(source)), [])
  })
})

describe("commands in the text", () => {
  const typed = new Set(all.flatMap(({ prose }) => inlineCode(prose)).filter((code) => code.startsWith("animus ")))

  const shown = new Map<string, Promise<Said>>()
  const help = (words: string) => {
    const asked = shown.get(words) ?? type([...words.split(" "), "--help"].filter((word) => word !== ""))
    shown.set(words, asked)
    return asked
  }

  it("are looked up in the help of the program, which loads every command to show it", async () => {
    const printed = execFileSync(join(root, "bin", "animus"), ["--help"], { encoding: "utf8" })
    assert.strictEqual((await help("")).stdout, printed)
  })

  it.each([...typed])("%s", async (command) => {
    const words = /^animus((?: [a-z][a-z-]*)+)/.exec(command)?.[1]?.trim() ?? ""
    const { status, stdout } = await help(words)
    assert.strictEqual(status, 0)
    assert.match(stdout, new RegExp(`USAGE\\n  animus ${words}\\b`))
    for (const [flag] of command.matchAll(/--[a-z][a-z0-9-]*/g)) assert.include(stdout, `${flag} `)
  })
})

describe("messages in the table of what can be wrong", () => {
  const [, table = ""] = proseOf("docs/operating.md").split("| you see")
  const messages = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, message = ""]) => message)

  it.each(messages)("%s", (message) => {
    const parts = message.split(/\bX\b|\d+|…/).map((part) => part.trim()).filter((part) => part !== "")
    for (const part of parts) assert.include(source, part)
  })
})
