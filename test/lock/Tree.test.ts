import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { insideOf, type TreeEntry, treeText } from "../../src/lock/Tree.ts"

const path = fc.array(fc.string({ minLength: 1, maxLength: 4 }).map((part) => part.replaceAll("/", "-")), {
  minLength: 1,
  maxLength: 3
}).map((parts) => parts.join("/"))

const entry: fc.Arbitrary<TreeEntry> = fc.oneof(
  fc.record({ kind: fc.constant("folder" as const), path }),
  fc.record({ kind: fc.constant("link" as const), path, target: fc.string() }),
  fc.record({ kind: fc.constant("file" as const), path, executable: fc.boolean(), sha256: fc.string() })
)
const tree = fc.uniqueArray(entry, { selector: ({ path }) => path, maxLength: 8 })

const sorted = (entries: ReadonlyArray<TreeEntry>) => entries.toSorted((a, b) => a.path < b.path ? -1 : 1)

describe("the text of a tree", () => {
  it("does not depend on the order of listing", () => {
    fc.assert(fc.property(tree, fc.gen(), (entries, g) => {
      const shuffled = g(fc.shuffledSubarray, entries, { minLength: entries.length })
      assert.strictEqual(treeText(shuffled), treeText(entries))
    }))
  })

  it("is the same for two trees only when they are the same", () => {
    fc.assert(fc.property(tree, tree, (one, other) => {
      const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
      // Key order is the arbitrary's and equal for equal kinds.
      assert.strictEqual(treeText(one) === treeText(other), same)
    }))
  })

  it("changes with every single change: a byte, a bit, a target, a name, one more, one less", () => {
    const file: TreeEntry = { kind: "file", path: "bin/x", executable: true, sha256: "aa" }
    const link: TreeEntry = { kind: "link", path: "l", target: "bin/x" }
    const folder: TreeEntry = { kind: "folder", path: "bin" }
    const texts = [
      [file, link, folder],
      [{ ...file, sha256: "ab" }, link, folder],
      [{ ...file, executable: false }, link, folder],
      [{ ...file, path: "bin/y" }, link, folder],
      [file, { ...link, target: "bin" }, folder],
      [file, link],
      [file, link, folder, { kind: "folder", path: "empty" }]
    ].map((entries) => treeText(entries as ReadonlyArray<TreeEntry>))
    assert.strictEqual(new Set(texts).size, texts.length)
  })
})

describe("a link in a tree", () => {
  it.each([
    ["a", "b", "b"],
    ["bin/a", "../lib/b", "lib/b"],
    ["bin/a", "./b", "bin/b"],
    ["a", "b/../c", "c"],
    ["bin/a", "..", ""]
  ])("%s -> %s stays inside, at %s", (from, target, place) => {
    assert.strictEqual(insideOf(from, target), place)
  })

  it.each([["a", "/etc/passwd"], ["a", ".."], ["bin/a", "../../b"], ["a", "b/../../c"]])("%s -> %s leads out", (
    from,
    target
  ) => {
    assert.isUndefined(insideOf(from, target))
  })
})
