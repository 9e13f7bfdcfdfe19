/** What a daemon that starts takes away, and what a daemon that runs keeps others from taking away. */
import { assert, it } from "@effect/vitest"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { askingOnce, Workplace } from "./Workplace.ts"

const NAME = "animus-plugin-many"

let place: Workplace | undefined
afterEach(() => place?.end())

it("what a plugin runs from stays as long as its daemon, uninstalled or not; the next daemon takes it away, and all that is nobody's", async () => {
  const here = new Workplace(askingOnce)
  place = here
  here.install(NAME, fixture("is-of-many-kinds"), fixture("of-a-kind"), fixture("speak"))
  const store = join(here.root, "state", "store")
  here.start()
  const { answer, type } = operator(here)
  const { artifact_sha256: tree } = await here.ask("plugin/info", { name: NAME })
  await here.ask("plugin/call", { name: NAME, method: "queue/stats", params: null })
  await answer("plugin", "uninstall", NAME)
  assert.isTrue(existsSync(join(store, tree)), "it runs from there")
  assert.strictEqual((await type("plugin", "doctor")).status, 0)

  const [unlisted, copy] = ["0".repeat(64), "1".repeat(64)]
  const left = [join(store, unlisted), join(store, ".staging-of-a-killed-install"), join(here.scope, "plugins", copy)]
  for (const folder of left) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "file"), "")
  }
  here.kill()
  here.start()
  await until("it is swept", () => here.log.includes("removed 4 stored copies of plugins"))
  for (const folder of [...left, join(store, tree)]) assert.isFalse(existsSync(folder), folder)
  const { plugins } = await answer("plugin", "lock", "list")
  assert.sameMembers(
    readdirSync(store).filter((name) => /^[0-9a-f]{64}$/.test(name)),
    plugins.map(({ artifact_sha256 }: { readonly artifact_sha256: string }) => artifact_sha256)
  )
  assert.strictEqual((await type("plugin", "lock", "verify")).status, 0)
})
