/** The runbook has a row for every error a plugin can be the cause of, with what it says and a command to type. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { proseOf, root } from "./Snippets.ts"

const errors = ["PluginErrors", "LockErrors", "InstallErrors", "ToolErrors"].map((file) =>
  readFileSync(join(root, `schemas/errors/${file}.ts`), "utf8")
).join("\n")

const sources = globSync("{src,layers,schemas}/**/*.ts", { cwd: root }).map((file) =>
  readFileSync(join(root, file), "utf8")
).join("\n")

const classes = [...errors.matchAll(/export class (\w+) extends Schema\.TaggedError.*?\n\}\n/gs)].map((
  [text, name = ""]
) => ({ name, text }))

const rowsUnder = (heading: string): ReadonlyArray<ReadonlyArray<string>> => {
  const [, section = ""] = proseOf("docs/runbook.md").split(`## ${heading}\n`)
  const [, , ...rows] = section.split("\n## ")[0]?.match(/^\|.*\|$/gm) ?? []
  return rows.map((row) => row.slice(1, -1).split("|").map((cell) => cell.trim()))
}

const codeIn = (cell = ""): ReadonlyArray<string> => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code)

/** What a message says whatever it is about. */
const partsOf = (message: string): ReadonlyArray<string> =>
  message.split(/\bX\b|…/).map((part) => part.trim()).filter((part) => part !== "")

const typesSomething = (cell = "") => codeIn(cell).some((code) => code.startsWith("animus "))

describe("what a command may end with", () => {
  const rows = rowsUnder("What a command may end with")

  it("has a row for every error of a plugin, and for no other", () => {
    assert.deepStrictEqual(
      rows.flatMap(([error]) => codeIn(error)).toSorted(),
      classes.map(({ name }) => name).toSorted()
    )
  })

  it.each(classes)("$name says what its row shows, and its row says what to type", ({ name, text }) => {
    const [, shown, meaning = "", typed] = rows.find(([error]) => error === `\`${name}\``) ?? []
    for (const part of codeIn(shown).flatMap(partsOf)) assert.include(text, part)
    assert.notStrictEqual(meaning, "")
    assert.isTrue(typesSomething(typed), typed)
  })
})

describe("what a plugin does, and what becomes of it", () => {
  const rows = rowsUnder("What it does, and what becomes of it")

  it.each(rows)("it %s", (_, becomes = "", seen, typed = "") => {
    assert.notStrictEqual(becomes, "")
    for (const part of codeIn(seen).flatMap(partsOf)) assert.include(sources, part)
    assert.isTrue(typesSomething(typed) || typed.startsWith("nothing"), typed)
  })
})
