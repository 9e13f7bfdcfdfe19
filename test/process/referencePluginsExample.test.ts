import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterEach, assert, it } from "vitest"
import { endAll, startPlugin } from "./referencePluginsHost.ts"

const folder = mkdtempSync(join(tmpdir(), "animus-example-"))
afterEach(async () => {
  await endAll()
  rmSync(folder, { recursive: true, force: true })
})

it("the worked plugin of the guide serves the boxes of TODO.md", async () => {
  writeFileSync(join(folder, "TODO.md"), "# Things\n- [ ] sweep\n- [x] dust\nprose\n")
  const program = resolve(import.meta.dirname, "../../examples/plugin/main.ts")
  const plugin = await startPlugin([process.execPath, program], folder)
  const { subjects } = await plugin.result("todo/list", {})
  const seen = Array.isArray(subjects) ? subjects.map(({ id, status, title }) => [id, status, title]) : []
  assert.deepStrictEqual(seen, [["todo:1", "ready", "sweep"], ["todo:2", "done", "dust"]])
  assert.deepInclude(await plugin.result("animus.todo/get", { id: "todo:2" }), { title: "dust" })
  assert.include(JSON.stringify(await plugin.call("todo/create", { kind: "todo", title: "t" })), "-32001")
  assert.include(JSON.stringify(await plugin.call("todo/get", { id: "todo:9" })), "\"category\":\"not_found\"")
})
