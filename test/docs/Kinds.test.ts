/** docs/plugins: a page for every kind that can be begun, with the very plugin that `animus plugin new` writes. */
import { basename } from "node:path"
import { assert, describe, it } from "vitest"
import { scaffold } from "../../src/cli/scaffold/Scaffold.ts"
import { defaultName, scaffoldKinds } from "../../src/cli/scaffold/ScaffoldKinds.ts"
import { documents, proseOf, snippetsOf } from "./Snippets.ts"

const pages = documents.filter((document) => document.startsWith("docs/plugins/"))

const pageOf = (kind: string) => `docs/plugins/${kind.replaceAll("_", "-")}.md`

it("there is a page for every kind, and each is linked from the guide", () => {
  assert.deepStrictEqual(pages, scaffoldKinds.map(pageOf).toSorted())
  const guide = proseOf("docs/plugins.md")
  for (const page of pages) assert.include(guide, `(plugins/${basename(page)})`)
})

describe.each(scaffoldKinds)("the page of %s", (kind) => {
  it("shows the plugin that is written for it", () => {
    const [shown, ...others] = snippetsOf(pageOf(kind)).filter(({ language }) => language === "ts")
    assert.deepStrictEqual(others, [])
    const [written] = scaffold(kind, defaultName(kind), "ts", "/animus")
    assert.strictEqual(shown?.text, written?.text)
    assert.strictEqual(shown?.file, `${defaultName(kind)}.ts`)
  })

  it("says what it is asked, what may go wrong and what is promised", () => {
    const headings = [...proseOf(pageOf(kind)).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    assert.includeMembers(headings, ["What goes over the wire", "What it is asked", "Errors", "What is promised"])
  })
})
