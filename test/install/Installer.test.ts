import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { basename } from "node:path"
import { live, manifest, premises, script } from "./Premises.ts"

const NAME = "animus-plugin-x"

const sh = (command: string) => Effect.sync(() => void execFileSync("sh", ["-ec", command], { stdio: "pipe" }))

describe("what is installed", () => {
  it.live(
    "is started from its stored copy, whatever becomes of where it came from",
    live(Effect.gen(function*() {
      const { admit, fs, install, program } = yield* premises
      const file = yield* program("mine/animus-plugin-x", script(NAME, "1.0.0"))
      const { plugin } = yield* install(file)
      assert.deepInclude(plugin, { name: NAME, version: "1.0.0", source: file, signature_status: "unsigned" })
      yield* fs.writeFileString(file, "#!/bin/sh\nexit 1\n")
      const { path } = yield* admit(NAME)
      assert.include(path, plugin.artifact_sha256)
      assert.strictEqual(yield* fs.readFileString(path), script(NAME, "1.0.0"))
    }))
  )

  const tampers = {
    "a changed byte": (path: string) => `chmod u+w ${path}; echo "# more" >> ${path}`,
    "a changed byte whose times were put back": (path: string) =>
      `chmod u+w ${path}; touch -r ${path} ${path}.t; sed -i s/echo/ECHO/ ${path}; touch -r ${path}.t ${path}; rm ${path}.t`,
    "an executable bit": (path: string) => `chmod a-x ${path}`,
    "one more file": (path: string) => `chmod u+w $(dirname ${path}); touch $(dirname ${path})/more`,
    "a link in its place": (path: string) =>
      `chmod u+w $(dirname ${path}); mv ${path} ${path}.real; ln -s ${path}.real ${path}`,
    "nothing in its place": (path: string) => `chmod -R u+w $(dirname ${path}); rm -rf $(dirname ${path})`
  }
  for (const [name, tamper] of Object.entries(tampers)) {
    it.live(
      `is refused with ${name}, by whoever looked before, too, and stays refused`,
      live(Effect.gen(function*() {
        const { admit, install, program, use } = yield* premises
        yield* install(yield* program("animus-plugin-x", script(NAME, "1.0.0")))
        const ask = { name: NAME, path: "", source: "installed", locked: NAME }
        yield* use(({ lock }) =>
          Effect.gen(function*() {
            const { path } = yield* lock.admit(ask)
            yield* sh(tamper(path))
            for (let times = 0; times < 2; times++) {
              const error = yield* Effect.flip(lock.admit(ask))
              assert.strictEqual(error._tag, "LockMismatch")
              assert.include(error.message, `animus plugin update ${NAME} --reinstall`)
            }
          })
        )
        assert.strictEqual((yield* Effect.flip(admit(NAME)))._tag, "LockMismatch")
      }))
    )
  }

  it.live(
    "is refused when the list names a program beside its tree, which its hash does not cover",
    live(Effect.gen(function*() {
      const { admit, fs, install, program, root } = yield* premises
      const { plugin } = yield* install(yield* program(NAME, script(NAME, "1.0.0")))
      const lock = `${root}/config/plugins.lock`
      const text = yield* fs.readFileString(lock)
      for (const entry of ["../../../x", "/bin/ls", "a/../../x"]) {
        yield* fs.writeFileString(lock, text.replace(`entry = "${plugin.entry}"`, `entry = "${entry}"`))
        const error = yield* Effect.flip(admit(NAME))
        assert.strictEqual(error._tag, "LockMismatch", entry)
        assert.include(error.message, "that its program would be")
      }
      yield* fs.writeFileString(lock, text)
      yield* admit(NAME)
    }))
  )

  it.live(
    "is said to be gone when it is, with no way back that is none",
    live(Effect.gen(function*() {
      const { admit, install, program } = yield* premises
      yield* install(yield* program(NAME, script(NAME, "1.0.0")))
      const { path } = yield* admit(NAME)
      yield* sh(tampers["nothing in its place"](path))
      const { message } = yield* Effect.flip(admit(NAME))
      assert.include(message, "found nothing")
      assert.notInclude(message, "rollback")
    }))
  )

  it.live(
    "can be put right by installing it again, under the hash it had",
    live(Effect.gen(function*() {
      const { admit, install, program, use } = yield* premises
      const { plugin } = yield* install(yield* program("animus-plugin-x", script(NAME, "1.0.0")))
      const { path } = yield* admit(NAME)
      yield* sh(`chmod u+w ${path}; echo evil >> ${path}`)
      const again = yield* use(({ installer }) => installer.update(NAME, { policy: "warn", reinstall: true }))
      assert.isTrue(again.unchanged)
      assert.strictEqual(again.plugin.artifact_sha256, plugin.artifact_sha256)
      yield* admit(NAME)
    }))
  )

  it.live(
    "goes forward, back and away",
    live(Effect.gen(function*() {
      const { admit, install, ledger, program, use } = yield* premises
      const file = yield* program("animus-plugin-x", script(NAME, "1.0.0"))
      yield* install(file)
      yield* program("animus-plugin-x", script(NAME, "2.0.0"))
      const updated = yield* use(({ installer }) => installer.update(NAME, { policy: "warn" }))
      assert.deepStrictEqual([updated.plugin.version, updated.unchanged], ["2.0.0", false])
      const back = yield* use(({ installer }) => installer.rollback(NAME))
      assert.strictEqual(back.version, "1.0.0")
      yield* admit(NAME)
      const none = yield* Effect.flip(use(({ installer }) => installer.rollback(NAME)))
      assert.strictEqual(none._tag, "InstallRefused")
      yield* use(({ installer }) => installer.uninstall(NAME))
      assert.deepStrictEqual((yield* ledger).plugins, [])
      assert.deepStrictEqual(yield* use(({ store }) => store.trees), [])
      assert.strictEqual((yield* Effect.flip(admit(NAME)))._tag, "PluginNotLocked")
      assert.strictEqual((yield* Effect.flip(use(({ installer }) => installer.uninstall(NAME))))._tag, "NotInstalled")
    }))
  )

  it.live(
    "is all of what was installed at the same time",
    live(Effect.gen(function*() {
      const { install, ledger, program } = yield* premises
      const names = ["a", "b", "c", "d", "e"].map((one) => `animus-plugin-${one}`)
      const files = yield* Effect.forEach(names, (name) => program(name, script(name, "1.0.0")))
      yield* Effect.forEach(files, (file) => install(file), { concurrency: "unbounded" })
      assert.deepStrictEqual((yield* ledger).plugins.map(({ name }) => name), names)
    }))
  )
})

const refuses = (name: string, prepare: (root: string) => string, detail: string) =>
  it.live(
    name,
    live(Effect.gen(function*() {
      const { fs, install, ledger, root } = yield* premises
      yield* sh(`mkdir -p ${root}/it; cd ${root}/it; ${prepare(root)}`)
      const error = yield* Effect.flip(install(`${root}/it`))
      assert.include(error.message, detail)
      assert.notInclude(error.message, ".staging-")
      assert.deepStrictEqual((yield* ledger).plugins, [])
      const left = yield* fs.readDirectory(`${root}/config/store`)
      assert.deepStrictEqual(left.filter((file) => !file.startsWith("install.")), [])
    }))
  )

const plugin = (text: string) => `cat > animus-plugin-x <<'END'\n${text}\nEND\nchmod +x animus-plugin-x`

describe("a folder", () => {
  refuses("that links out of itself", () => `${plugin("#!/bin/sh")}; ln -s /etc/passwd secret`, "leads out of")
  refuses("that links to nowhere", () => `${plugin("#!/bin/sh")}; ln -s missing there`, "leads out of")
  refuses(
    "that links out by way of another link",
    () => `${plugin("#!/bin/sh")}; mkdir -p c a/b; ln -s ../../c a/b/up; ln -s up/../../x a/b/out; touch ../x`,
    "leads out of"
  )
  refuses("with a pipe in it", () => `${plugin("#!/bin/sh")}; mkfifo pipe`, "neither a file, a folder nor a link")
  refuses("in which nothing is a plugin", () => "touch readme", "nothing in it says which file is the plugin")
  refuses("whose program is not there", () => `echo '{"entry":"bin/x"}' > animus-plugin.json`, "is not there")
  refuses("whose program lies outside", () => `echo '{"entry":"../x"}' > animus-plugin.json`, "lies outside")
  refuses("that prints no manifest", () => plugin("#!/bin/sh\necho hello"), "--manifest failed")
  refuses(
    "that writes into its own folder",
    () => plugin(`#!/bin/sh\ntouch "$(dirname "$0")/trace"\necho '${manifest(NAME)}'`),
    "writes into its own folder"
  )
  refuses(
    "whose name would be trouble on a terminal or in a path",
    () => plugin(`#!/bin/sh\nprintf '%s' '${manifest("../../x\\u001b[31m")}'`),
    "is no name for a plugin"
  )
  refuses(
    "whose version is none",
    () => plugin(`#!/bin/sh\necho '${manifest(NAME, "newest")}'`),
    "its version \"newest\" is no semantic version"
  )
  refuses(
    "whose name climbs",
    () => plugin(`#!/bin/sh\nprintf '%s' '${manifest("x/../../y")}'`),
    "is no name for a plugin"
  )

  it.live(
    "is installed by its animus-plugin.json, its package.json, or its one program",
    live(Effect.gen(function*() {
      const { admit, install, program, root } = yield* premises
      yield* program("one/run.sh", script("animus-plugin-one", "1.0.0"))
      yield* program("one/animus-plugin.json", JSON.stringify({ entry: "run.sh" }))
      yield* program("two/bin/run.sh", script("animus-plugin-two", "1.0.0", ". \"$(dirname \"$0\")/../lib.sh\""))
      yield* program("two/lib.sh", "true")
      yield* program("two/package.json", JSON.stringify({ name: "two", bin: { two: "./bin/run.sh", other: "./x" } }))
      yield* program("three/animus-plugin-three", script("animus-plugin-three", "1.0.0"))
      for (const name of ["one", "two", "three"]) {
        const { plugin } = yield* install(`${root}/${name}`)
        assert.deepStrictEqual([plugin.name, plugin.source_kind], [`animus-plugin-${name}`, "folder"])
        assert.strictEqual(basename((yield* admit(plugin.name)).path), basename(plugin.entry))
      }
    }))
  )
})

describe("a name that is taken", () => {
  it.live(
    "is not taken over from elsewhere, unless it is said so",
    live(Effect.gen(function*() {
      const { admit, install, program } = yield* premises
      yield* install(yield* program("one/animus-plugin-x", script(NAME, "1.0.0")))
      const other = yield* program("other/animus-plugin-x", script(NAME, "6.6.6"))
      const refusal = yield* Effect.flip(install(other))
      assert.strictEqual(refusal._tag, "InstallRefused")
      assert.include(refusal.message, "--force")
      const { path } = yield* admit(NAME)
      assert.strictEqual((yield* install(other, { name: "animus-plugin-y" })).plugin.name, "animus-plugin-y")
      assert.strictEqual((yield* admit(NAME)).path, path)
      assert.strictEqual((yield* install(other, { force: true })).plugin.version, "6.6.6")
    }))
  )
})
