/** What comes with Animus is installed like anything else, and replaces only what came with it before. */
import { assert, it } from "@effect/vitest"
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { typed } from "./Typed.ts"

const root = realpathSync(mkdtempSync(join(tmpdir(), "animus-brought-")))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const name = "animus-plugin-teller"
const project = join(root, "project")
mkdirSync(project)
const env = { PATH: process.env["PATH"], HOME: root }

/** A program that says which release it is. */
const program = (file: string, version: string) => {
  const manifest = {
    name,
    version,
    plugin_kind: "custom",
    description: "",
    protocol_version: "1.1.0",
    capabilities: []
  }
  writeFileSync(file, `#!/bin/sh\necho '${JSON.stringify(manifest)}'\n`, { mode: 0o755 })
  return file
}

/** The same as a folder. */
const folder = (path: string, version: string) => {
  mkdirSync(path, { recursive: true })
  program(join(path, name), version)
  return path
}

const ledger = join(root, ".animus", "plugins.lock")

/** What is new of it, and the version that is listed then. */
const installed = async (path: string) => {
  const brings = [{ name, section: "plugins", path } as const]
  const said = await typed(["plugin", "install-defaults", "--project-root", project, "--json"], env, brings)
  assert.strictEqual(said.status, 0, said.stderr)
  return [JSON.parse(said.stdout).data.installed, /^version = "(.*)"/m.exec(readFileSync(ledger, "utf8"))?.[1]]
}

it("a release that brings a folder replaces the file of the one before, and none that lies elsewhere", async () => {
  const brought = join(root, "dist", "plugins")
  mkdirSync(brought, { recursive: true })
  assert.deepStrictEqual(await installed(program(join(brought, `${name}.mjs`), "1.0.0")), [[name], "1.0.0"])
  assert.deepStrictEqual(await installed(folder(join(brought, name), "1.1.0")), [[name], "1.1.0"])
  assert.deepStrictEqual(await installed(folder(join(brought, name), "1.1.0")), [[], "1.1.0"])
  assert.deepStrictEqual(await installed(folder(join(root, "own", name), "2.0.0")), [[], "1.1.0"])
})
