/** `animus workflow config` as an author types it, with no daemon anywhere. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

let place: Workplace
let typist: ReturnType<typeof operator>
beforeAll(() => {
  place = new Workplace("workflows: []\n")
  typist = operator(place)
})
afterAll(() => place.end())

const write = (text: string, overlay?: string) => {
  const folder = join(place.project, ".animus")
  rmSync(join(folder, "workflows"), { recursive: true, force: true })
  writeFileSync(join(folder, "workflows.yaml"), text)
  if (overlay === undefined) return
  mkdirSync(join(folder, "workflows"))
  writeFileSync(join(folder, "workflows", "more.yaml"), overlay)
}

const good = `
phases:
  look: { mode: manual, manual: { instructions: look } }
workflows:
  - id: w
    phases: [look]
`

describe("workflow config validate", () => {
  it("is content with what is valid, and shows doubts with their lines", async () => {
    write(`${good}agent_channels: {}\n`)
    const { status, stderr, stdout } = await typist.type("workflow", "config", "validate")
    assert.strictEqual(status, 0, stderr)
    assert.strictEqual(
      stdout,
      `warning: .animus/workflows.yaml:7:1: "agent_channels" is read past: this release does not act on it
  agent_channels: {}
  ^
1 workflow in 1 file: valid, with 1 warning
`
    )
    const strict = await typist.type("workflow", "config", "validate", "--strict")
    assert.strictEqual(strict.status, 2)
    assert.strictEqual(strict.stdout, "")
    assert.include(strict.stderr, "agent_channels")
  })

  it("tells everything in every file at once, each with a caret", async () => {
    write(good.replace("[look]", "[lok, {look: {skip_if: [\"a = b\"]}}]"), "phases: {\n")
    const { status, stderr, stdout } = await typist.type("workflow", "config", "validate")
    assert.strictEqual(status, 2)
    assert.strictEqual(stdout, "")
    const lines = stderr.split("\n  ")
    const at = lines.findIndex((line) => line.startsWith(".animus/workflows.yaml:6:"))
    assert.match(lines[at] ?? "", /"=" means nothing here \(did you mean "=="\?\)$/)
    assert.strictEqual(lines[at + 1]?.[lines[at + 2]?.indexOf("^") ?? 0], "=")
    assert.match(stderr, /^  \.animus\/workflows\/more\.yaml:/m)
  })

  it("says the same to programs", async () => {
    write(good.replace("[look]", "[lok]"))
    const { status, stderr, stdout } = await typist.type("workflow", "config", "validate", "--json")
    assert.strictEqual(status, 2)
    assert.strictEqual(stdout, "")
    const { error } = JSON.parse(stderr)
    assert.strictEqual(error.code, "invalid_input")
    assert.deepStrictEqual(error.details, {
      problems: [{
        file: ".animus/workflows.yaml",
        line: 6,
        column: 14,
        message: "no phase is named \"lok\"",
        hint: "did you mean \"look\"?",
        source: "    phases: [lok]"
      }],
      warnings: []
    })
  })
})

describe("workflow config get", () => {
  it("shows a workflow as a run would pin it, and refuses one that is not there", async () => {
    write(good)
    assert.strictEqual((await typist.answer("workflow", "config", "get", "W")).phases[0].max_rework_attempts, 3)
    assert.strictEqual((await typist.answer("workflow", "config", "get")).id, "w")
    assert.strictEqual((await typist.type("workflow", "config", "get", "v")).status, 3)
  })
})
