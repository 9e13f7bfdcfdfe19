import { assert, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Script } from "node:vm"

const dist = join(import.meta.dirname, "..", "..", "dist")
const scripts = globSync("{scripts,plugins/*/scripts}/*.cjs", { cwd: dist })

it("no program that is built captures Node's async context", () => {
  assert.isAbove(scripts.length, 10)
  assert.deepStrictEqual(scripts.filter((name) => readFileSync(join(dist, name), "utf8").includes("async_hooks")), [])
})

it("the code that lies beside a script is of this Node and of this script", () => {
  const kept = scripts.map((name) => join(dist, name)).filter((file) => existsSync(`${file}.code`))
  assert.strictEqual(kept.filter((file) => file.includes("plugins")).length, 3)
  const refused = kept.filter((file) =>
    new Script(readFileSync(file, "latin1"), { cachedData: readFileSync(`${file}.code`), filename: file })
      .cachedDataRejected
  )
  assert.deepStrictEqual(refused, [])
})

it("a script that was edited runs as it reads, whatever code lies beside it", () => {
  const folder = mkdtempSync(join(tmpdir(), "animus-edited-"))
  try {
    const name = "animus-subject-default"
    cpSync(join(dist, "plugins", name), folder, { recursive: true })
    const [script = ""] = globSync("scripts/*.cjs", { cwd: folder }).map((file) => join(folder, file))
    const text = readFileSync(script, "latin1")
    writeFileSync(script, text.replace("Tasks and requirements of", "Socks and requirements of"), "latin1")
    const later = Date.now() / 1000 + 120
    utimesSync(script, later, later)
    const manifest = execFileSync(process.execPath, [join(folder, `${name}.cjs`), "--manifest"], { encoding: "utf8" })
    assert.match(JSON.parse(manifest).description, /^Socks and requirements/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
