/** A program that an interpreter runs stays as it was installed, also where the interpreter may write. */
import { assert, it } from "@effect/vitest"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { afterEach } from "vitest"
import { askingOnce, Workplace } from "../Workplace.ts"

const part = (name: string) => join(import.meta.dirname, "..", "fixtures", "plugins", name)

let place: Workplace | undefined
afterEach(() => place?.end())

it("a Python plugin of several files can be started again, as root too", () => {
  const here = new Workplace(askingOnce)
  place = here
  here.install("two-files", part("of-two-files.py"), part("second_file.py"))
  here.start()
  const call = () => here.animus("plugin", "call", "--name", "two-files", "--method", "work")
  assert.include(call().stdout, "from the second file")
  here.answer("plugin", "restart", "two-files")
  assert.include(call().stdout, "from the second file", "after a restart")
  const left = readdirSync(here.root, { recursive: true, encoding: "utf8" })
  assert.deepStrictEqual(left.filter((name) => name.includes("__pycache__")), [])
}, 300_000)
