/** The programs beside this file, bundled: from their sources they take longer to load than for all they do. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { build } from "rolldown"
import { afterAll, beforeAll } from "vitest"

export const node = resolve("node_modules/.bin/node")

/** For the test file that asks, gone with it; where they will be. */
export const programs = () => {
  const folder = mkdtempSync(join(tmpdir(), "animus-install-programs-"))
  beforeAll(() =>
    build({
      logLevel: "warn",
      platform: "node",
      input: ["holder", "killed"].map((name) => join(import.meta.dirname, `${name}.ts`)),
      output: { dir: folder, format: "esm", entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" },
      transform: { target: "node24" }
    })
  )
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return { holder: join(folder, "holder.mjs"), killed: join(folder, "killed.mjs") }
}
