/** A plugin's whole life with the built program and a real daemon: installed, called, tampered with, updated, taken back, removed. */
import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { appendFileSync, chmodSync, cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { afterEach } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { askingOnce, Workplace } from "./Workplace.ts"

const NAME = "animus-plugin-teller"

/** Tells its version to whoever asks, and serves subjects of a kind of its own. */
const program = (version: string) =>
  `#!/usr/bin/env node
import { createInterface } from "node:readline"
const facts = { name: "${NAME}", version: "${version}", plugin_kind: "custom" }
const capabilities = ["subject_kind:told", "teller/version"]
const say = (frame) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...frame }) + "\\n")
if (process.argv.includes("--manifest")) {
  process.stdout.write(JSON.stringify({ ...facts, description: "", protocol_version: "1.1.0", capabilities }))
} else {
  createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, method } = JSON.parse(line)
    if (method === "exit") process.exit(0)
    if (id === undefined) return
    if (method !== "initialize") return say({ id, result: { version: "${version}" } })
    say({ id, result: { protocol_version: "1.1.0", plugin_info: facts, capabilities: { methods: capabilities } } })
  }).on("close", () => process.exit(0))
}
`

let place: Workplace | undefined
afterEach(() => place?.end())

const workplace = () => {
  const here = new Workplace(askingOnce)
  place = here
  const source = join(here.root, "source", "teller.mjs")
  mkdirSync(dirname(source))
  const write = (version: string) => {
    writeFileSync(source, program(version))
    chmodSync(source, 0o755)
  }
  write("1.0.0")
  const { answer, type } = operator(here)
  const told = () => type("plugin", "call", "--name", NAME, "--method", "teller/version", "--json")
  const version = async () =>
    (await here.ask("plugin/call", { name: NAME, method: "teller/version", params: null })).version
  const info = () => here.ask("plugin/info", { name: NAME })
  const restart = () => here.ask("plugin/restart", { name: NAME })
  return { here, answer, type, source, write, told, version, info, restart }
}

describe("a plugin", () => {
  it("is installed, called, refused when it was tampered with, updated, taken back and removed, beside a daemon that runs", async () => {
    const { answer, here, info, restart, source, told, type, version, write } = workplace()
    here.start()
    const installed = here.animus("plugin", "install", "--path", source)
    assert.strictEqual(installed.status, 0, installed.stderr)
    assert.match(installed.stdout, /^installed animus-plugin-teller 1\.0\.0 \([0-9a-f]{12}, unsigned\) from /)
    assert.strictEqual(JSON.parse((await told()).stdout).data.version, "1.0.0")

    const before = await answer("plugin", "info", NAME)
    assert.deepInclude(before, {
      source: "installed",
      lock_state: "intact",
      signature_verified: false,
      installed_from: source
    })
    assert.include(before.binary_path, `/store/${before.artifact_sha256}/`)
    const routed = (await type("plugin", "list")).stdout
    assert.include(routed, before.artifact_sha256.slice(0, 12))

    chmodSync(before.binary_path, 0o755)
    appendFileSync(before.binary_path, "// more\n")
    assert.strictEqual(await version(), "1.0.0", "what runs, runs on")
    for (const { status, stderr } of [await type("plugin", "restart", NAME), await told()]) {
      assert.notStrictEqual(status, 0)
      assert.include(stderr, "is not what was installed")
      assert.include(stderr, `animus plugin update ${NAME} --reinstall`)
    }
    assert.strictEqual((await info()).lock_state, "mismatch")
    const verified = await type("plugin", "lock", "verify")
    assert.strictEqual(verified.status, 1)
    assert.include(verified.stderr, NAME)

    const repaired = here.animus("plugin", "update", NAME, "--reinstall").stdout
    assert.match(repaired, /^repaired the stored copy of animus-plugin-teller 1\.0\.0 /)
    assert.include(repaired, `animus plugin restart ${NAME}`)
    await restart()
    assert.strictEqual(await version(), "1.0.0")
    chmodSync(before.binary_path, 0o755)
    appendFileSync(before.binary_path, "// more\n")

    write("2.0.0")
    here.answer("plugin", "update", NAME)
    await restart()
    assert.strictEqual(await version(), "2.0.0")
    // The release before it is the one that was tampered with: nobody is taken back to that.
    assert.include((await type("plugin", "rollback", NAME)).stderr, "is not what was installed")
    write("3.0.0")
    here.answer("plugin", "update", NAME)
    await answer("plugin", "rollback", NAME)
    await restart()
    assert.strictEqual(await version(), "2.0.0")
    assert.strictEqual((await type("plugin", "lock", "verify")).status, 0)

    const [{ pid }] = (await answer("plugin", "status", NAME)).plugins
    assert.isTrue(existsSync(`/proc/${pid}`))
    assert.deepStrictEqual((await answer("plugin", "uninstall", NAME)).survivors, [])
    assert.isFalse(existsSync(`/proc/${pid}`), "what is not listed any more does not go on working")
    assert.strictEqual((await told()).status, 3)
    assert.strictEqual((await type("plugin", "info", NAME)).status, 3)
    assert.strictEqual((await type("plugin", "uninstall", NAME)).status, 3)
  })

  it("that nobody installed is refused, with what to type; and a project's own lock file lists nothing", async () => {
    const { answer, here, info, source, told, type } = workplace()
    writeFileSync(join(here.root, "state", "plugins.yaml"), `plugins:\n  ${NAME}: { binary: ${source} }\n`)
    const lock = join(here.root, "state", "plugins.lock")
    here.answer("plugin", "install", "--path", source)
    writeFileSync(join(here.project, ".animus", "plugins.lock"), here.read(lock))
    await answer("plugin", "uninstall", NAME)
    here.start()
    assert.include((await type("plugin", "list")).stdout, `animus plugin install --path ${source}`)
    assert.strictEqual((await told()).status, 3)
    here.answer("plugin", "install", "--path", source)
    assert.strictEqual((await info()).source, "explicit_config")

    const folder = join(here.root, "source")
    writeFileSync(join(folder, "animus-plugin.json"), JSON.stringify({ entry: "teller.mjs" }))
    here.answer("plugin", "install", "--path", folder, "--force")
    const { artifact_sha256, binary_path, installed_from, source: found } = await info()
    assert.deepStrictEqual(
      [found, installed_from],
      ["explicit_config", folder],
      "the program of a folder is it as well"
    )
    assert.include(binary_path, `/store/${artifact_sha256}/`)
  })

  it("that serves what a reference plugin serves, keeps it: init leaves that one out and says so", async () => {
    const { answer, here, source } = workplace()
    writeFileSync(source, program("1.0.0").replace("subject_kind:told", "subject_kind:task"))
    const refused = here.animus("plugin", "install", "--path", source)
    assert.deepStrictEqual([refused.status, refused.stdout], [4, ""])
    assert.include(refused.stderr, "animus plugin uninstall animus-subject-default")
    await answer("plugin", "uninstall", "animus-subject-default")
    here.answer("plugin", "install", "--path", source)
    const again = here.animus("init")
    assert.strictEqual(again.status, 0, again.stderr)
    assert.include(again.stdout, `left out animus-subject-default: ${NAME} serves subjects of kind "task"`)
  })

  it("and all that is wrong with others is named by the doctor, each with what to type", async () => {
    const { answer, here, source, type } = workplace()
    const healthy = here.animus("plugin", "doctor")
    assert.deepStrictEqual([healthy.status, healthy.stderr], [0, ""])
    assert.include(healthy.stdout, "nothing is wrong")
    assert.deepStrictEqual(await answer("plugin", "doctor"), { healthy: true, findings: [], swept: [] })
    here.answer("plugin", "install", "--path", source)
    const { artifact_sha256 } = (await answer("plugin", "lock", "list")).plugins.find((
      { name }: { readonly name: string }
    ) => name === NAME)
    const state = join(here.root, "state")
    const stored = join(state, "store", artifact_sha256, "teller.mjs")
    chmodSync(stored, 0o755)
    appendFileSync(stored, "// more\n")
    mkdirSync(join(state, "store", "0".repeat(64)))
    mkdirSync(join(state, "plugins"))
    writeFileSync(join(state, "plugins", "animus-plugin-loose"), "#!/bin/sh\n", { mode: 0o755 })
    writeFileSync(join(state, "plugins", "animus-plugin-limp"), "#!/bin/sh\n")
    writeFileSync(
      join(state, "plugins.yaml"),
      "plugins:\n  animus-plugin-gone: { binary: /nowhere/animus-plugin-gone }\n"
    )
    const found = await type("plugin", "doctor", "--json")
    assert.deepStrictEqual([found.status, found.stdout], [2, ""])
    const { details: { findings, healthy: isHealthy } } = JSON.parse(found.stderr).error
    assert.isFalse(isHealthy)
    const told = await type("plugin", "doctor")
    assert.deepStrictEqual([told.status, told.stdout], [2, ""])
    assert.match(told.stderr, /^animus: 5 things are wrong .*:$/m)
    assert.match(told.stderr, /^ *animus-plugin-limp: .*\. Type: chmod \+x .*$/m)
    const fixes = Object.fromEntries(
      findings.map(({ about, fix }: { readonly about: string; readonly fix: string }) => [about, fix])
    )
    assert.deepStrictEqual(fixes, {
      "animus-plugin-gone": "Remove its entry from plugins.yaml, or put the file back",
      "animus-plugin-limp": `chmod +x ${join(state, "plugins", "animus-plugin-limp")}, or move it away`,
      "animus-plugin-loose": `animus plugin install --path ${join(state, "plugins", "animus-plugin-loose")}`,
      [NAME]: `animus plugin update ${NAME} --reinstall`,
      "000000000000": "animus plugin doctor --sweep"
    })
    const swept = await type("plugin", "doctor", "--sweep", "--json")
    assert.deepStrictEqual(JSON.parse(swept.stderr).error.details.swept, ["0".repeat(64)])
    writeFileSync(join(state, "plugins.lock"), "{{")
    assert.include((await type("plugin", "doctor")).stderr, "plugins.lock cannot be read")
  })

  it("whose install is killed while it is asked what it is, works as it did", async () => {
    const { here, restart, source, version, write } = workplace()
    here.answer("plugin", "install", "--path", source)
    const asked = join(here.root, "asked")
    writeFileSync(
      source,
      program("2.0.0").replace(
        "import {",
        `import "node:fs"; await import("node:fs").then((fs) => fs.writeFileSync("${asked}", "")); await new Promise((r) => setTimeout(r, 5000))\nimport {`
      )
    )
    const install = spawn(here.launcher, ["plugin", "install", "--path", source], {
      cwd: here.project,
      env: here.env,
      stdio: "ignore"
    })
    await until("it is asked", () => existsSync(asked))
    install.kill("SIGKILL")
    await once(install, "exit")
    here.start()
    assert.strictEqual(await version(), "1.0.0")
    write("2.0.0")
    here.answer("plugin", "update", NAME)
    await restart()
    assert.strictEqual(await version(), "2.0.0")
    assert.isEmpty(readdirSync(join(here.root, "state", "store")).filter((name) => name.startsWith(".")))
  })

  it("of the project is started from a copy of what was trusted, and not once a byte changed", async () => {
    const { here, info, source, told, type } = workplace()
    const own = join(here.project, ".animus", "plugins", NAME)
    mkdirSync(dirname(own))
    cpSync(source, own)
    here.start()
    const refused = await told()
    assert.strictEqual(refused.status, 3)
    assert.include(JSON.parse(refused.stderr).error.message, "not trusted as it stands")
    here.answer("trust")
    here.stop()
    here.start()
    assert.strictEqual(JSON.parse((await told()).stdout).data.version, "1.0.0")
    assert.deepInclude(await info(), { source: "project_local", binary_path: own })
    appendFileSync(own, "// more\n")
    assert.strictEqual((await type("plugin", "restart", NAME)).status, 5)
    assert.include((await told()).stderr, "animus trust")
  })

  it("of the project that is slow to say what it is does not keep the daemon from answering", async () => {
    const { here, type } = workplace()
    const folder = join(here.project, ".animus", "plugins")
    mkdirSync(folder)
    // It never answers; that nobody waits longer than a moment for it is tested on PluginCatalog.
    writeFileSync(join(folder, "animus-plugin-slow"), `#!/bin/sh\nwhile [ ! -e ${here.root}/over ]; do sleep 1; done\n`)
    chmodSync(join(folder, "animus-plugin-slow"), 0o755)
    here.answer("trust")
    here.start()
    assert.include((await type("plugin", "list")).stdout, "--manifest")
  })
})
