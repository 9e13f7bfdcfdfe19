/**
 * Of what is wrong, exactly the right cases of `animus plugin test` say so. In short, a faulty plugin is asked the cases that
 * must fail and what these need; with `npm run test:faults` it is asked all, and exactly those must fail.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { environmentIn, examined, isWhole, processesIn } from "../conformance/examined.ts"
import { type Faulty, faulty, programOf, told } from "../conformance/pluginFaults.ts"

const folder = mkdtempSync(join(tmpdir(), "animus-plugin-faults-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const env = environmentIn(folder)

const written = (group: Faulty): string => {
  const program = join(mkdtempSync(join(folder, "faulty-")), "faulty.mjs")
  writeFileSync(program, programOf(group), { mode: 0o755 })
  return program
}

describe("a plugin that", { concurrent: true }, () => {
  for (const group of faulty) {
    const name = group.faults.map((fault) => fault.name).join(", ")
    const expected = group.faults.flatMap(told)
    const ids = [...new Set(expected.map(([id]) => id))].toSorted()
    it.live(name, () =>
      Effect.gen(function*() {
        const only = isWhole ? undefined : ids
        const { failed } = yield* examined(written(group), { env, timeout: group.patience, only })
        assert.deepStrictEqual(failed.map(({ id }) => id).toSorted(), ids, JSON.stringify(failed))
        for (const [id, words] of expected) {
          const failure = failed.find((one) => one.id === id)?.failure
          assert.include(failure?.got, words)
          assert.notStrictEqual(failure?.protocol_says, "")
        }
        const seen = failed.find(({ id }) => id === "wire.frames")?.failure?.got.split("\n") ?? []
        const words = expected.flatMap(([id, words]) => id === "wire.frames" ? [words] : [])
        assert.deepStrictEqual(seen.filter((line) => !words.some((one) => line.includes(one))), [])
      }), 600_000)
  }
})

it("leaves no process behind", () => {
  assert.deepStrictEqual(processesIn(folder), [])
})
