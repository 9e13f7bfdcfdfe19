/** What a person reads who installs and updates plugins, where it has to be exact to be of use. */
import { assert, describe, it } from "@effect/vitest"
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach } from "vitest"
import { manifest } from "../install/Premises.ts"
import { operator } from "./Typed.ts"
import { askingOnce, Workplace } from "./Workplace.ts"

let place: Workplace | undefined
afterEach(() => place?.end())

const workplace = () => {
  const here = new Workplace(askingOnce)
  place = here
  const program = (name: string, version: string) => {
    const file = join(here.root, name)
    writeFileSync(file, `#!/bin/sh\necho '${manifest(name, version)}'\n`)
    chmodSync(file, 0o755)
    return file
  }
  return { here, program, ...operator(here) }
}

describe("plugin update --all", () => {
  it("goes on after one that fails, and tells of both", async () => {
    const { answer, program, here, type } = workplace()
    for (const name of ["animus-plugin-a", "animus-plugin-b", "animus-plugin-c"]) {
      await answer("plugin", "install", "--path", program(name, "1.0.0"))
    }
    program("animus-plugin-c", "2.0.0")
    rmSync(join(here.root, "animus-plugin-b"))
    const { status, stderr, stdout } = await type("plugin", "update", "--all", "--json")
    assert.deepStrictEqual([status, stdout], [5, ""])
    const { details, message } = JSON.parse(stderr).error
    assert.deepStrictEqual(details.failed.map(({ name }: { readonly name: string }) => name), ["animus-plugin-b"])
    assert.include(message, "there is no such file")
    assert.include(message, "updated all the same: animus-plugin-c 2.0.0")
    const updated = details.plugins.find(({ name }: { readonly name: string }) => name === "animus-plugin-c")
    assert.deepInclude(updated, { version: "2.0.0", unchanged: false })
    assert.match((await type("plugin", "lock", "list")).stdout, /^animus-plugin-c +2\.0\.0 /m)
  })
})

describe("plugin install and rollback", () => {
  it("name what can be typed for this very plugin", async () => {
    const { program, type } = workplace()
    const file = program("animus-plugin-a", "1.0.0")
    const climbing = await type("plugin", "install", "--path", file, "--name", "x/../y")
    assert.deepStrictEqual([climbing.status, /--name "x\/\.\.\/y" is no name/.test(climbing.stderr)], [2, true])
    const digest = await type("plugin", "install", "--url", "http://127.0.0.1/x", "--sha256", "abc")
    assert.deepStrictEqual([digest.status, digest.stderr.includes("64 hexadecimal digits")], [2, true], digest.stderr)

    const first = (await type("plugin", "install", "--path", file)).stdout
    assert.match(first, /^installed animus-plugin-a 1\.0\.0 .*\n$/)
    assert.match((await type("plugin", "install", "--path", file)).stdout, /^installed before, and the same: .*\n$/)
    const { status, stderr } = await type("plugin", "rollback", "animus-plugin-a")
    assert.strictEqual(status, 4)
    assert.include(stderr, "Another one is installed with: animus plugin update animus-plugin-a\n")
    program("animus-plugin-a", "2.0.0")
    const second = (await type("plugin", "update", "animus-plugin-a")).stdout
    assert.match(second, /^updated animus-plugin-a 2\.0\.0 .*\n.* until: animus plugin restart animus-plugin-a\n$/)
  })

  it("say once that the lock cannot be read", async () => {
    const { here, program, type } = workplace()
    const lock = join(here.root, "state", "plugins.lock")
    const text = readFileSync(lock, "utf8")
    writeFileSync(lock, `${text}\noops\n`)
    const { status, stderr } = await type("plugin", "install", "--path", program("animus-plugin-a", "1.0.0"))
    assert.strictEqual(status, 5)
    assert.strictEqual(stderr.split("cannot be read").length, 2, stderr)
  })
})
