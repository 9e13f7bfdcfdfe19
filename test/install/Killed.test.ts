/** An install that is killed: the plugin that was there works, and the next install finds nothing in its way. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import type { InstallPointName } from "../../src/install/InstallPoint.ts"
import { live, premises, script } from "./Premises.ts"
import { node, programs } from "./Programs.ts"

const NAME = "animus-plugin-x"
const { killed } = programs()

const versionAfter: { readonly [K in Exclude<InstallPointName, "set-aside">]: string } = {
  fetched: "1.0.0",
  probed: "1.0.0",
  kept: "1.0.0",
  committed: "2.0.0"
}

describe("an install that is killed", () => {
  for (const [point, version] of Object.entries(versionAfter)) {
    it.live(
      `once it has ${point}, leaves release ${version} working, and nothing after the next install`,
      live(Effect.gen(function*() {
        const { admit, fs, install, ledger, program, root, use } = yield* premises
        const file = yield* program("animus-plugin-x", script(NAME, "1.0.0"))
        yield* install(file)
        yield* program("animus-plugin-x", script(NAME, "2.0.0"))
        const { signal, stderr } = spawnSync(node, [killed, root, point, "install", file])
        assert.strictEqual(signal, "SIGKILL", String(stderr))

        const [plugin] = (yield* ledger).plugins
        assert.strictEqual(plugin?.version, version)
        assert.strictEqual(yield* fs.readFileString((yield* admit(NAME)).path), script(NAME, version))

        assert.strictEqual((yield* install(file)).plugin.version, "2.0.0")
        assert.strictEqual(yield* fs.readFileString((yield* admit(NAME)).path), script(NAME, "2.0.0"))
        const trees = yield* use(({ store }) => store.trees)
        assert.strictEqual(trees.length, 2)
        const left = yield* fs.readDirectory(`${root}/config/store`)
        assert.sameMembers(left.filter((name) => !name.startsWith("install.")), [...trees])
      }))
    )
  }
})
