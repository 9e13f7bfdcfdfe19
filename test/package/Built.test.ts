import { assert, it } from "@effect/vitest"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

const dist = join(import.meta.dirname, "..", "..", "dist")

it("no program that is built captures Node's async context", () => {
  const programs = globSync("{scripts,plugins/*/scripts}/*.cjs", { cwd: dist })
  assert.isAbove(programs.length, 10)
  assert.deepStrictEqual(programs.filter((name) => readFileSync(join(dist, name), "utf8").includes("async_hooks")), [])
})
