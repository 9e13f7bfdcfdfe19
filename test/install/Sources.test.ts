/** Plugins from a web server and from an npm registry, both on loopback. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Tar } from "effect/encoding"
import { createHash } from "node:crypto"
import { env } from "node:process"
import { gzipSync } from "node:zlib"
import { parseNpmSpec } from "../../src/install/NpmSpec.ts"
import { live, premises, script } from "./Premises.ts"
import { server, sha256 } from "./Server.ts"

const NAME = "animus-plugin-x"
const PROGRAM = script(NAME, "1.0.0")

const archive = (...entries: ReadonlyArray<Tar.Entry>) =>
  Effect.map(
    Stream.runCollect(Stream.pipeThroughChannel(Stream.fromIterable(entries), Tar.encode())),
    (chunks) => gzipSync(Buffer.concat(chunks))
  )

const program = (path: string) => Tar.file(path, PROGRAM, { mode: 0o755 })

describe("a URL", () => {
  it.live(
    "gives one executable, of exactly the bytes that were meant",
    live(Effect.gen(function*() {
      const { admit, fs, use } = yield* premises
      const { address } = yield* server(() => ({ "/x/animus-plugin-x": PROGRAM }))
      const url = `${address}/x/animus-plugin-x`
      const from = (digest: string) =>
        use(({ installer }) => installer.install({ spec: { kind: "url", url, sha256: digest }, policy: "warn" }))
      const refusal = yield* Effect.flip(from("0".repeat(64)))
      assert.strictEqual(refusal._tag, "InstallRefused")
      assert.include(refusal.message, sha256(PROGRAM))
      const { plugin } = yield* from(sha256(PROGRAM).toUpperCase())
      assert.deepInclude(plugin, { name: NAME, source: url, pinned: true })
      assert.strictEqual(yield* fs.readFileString((yield* admit(NAME)).path), PROGRAM)
      const pinned = yield* Effect.flip(use(({ installer }) => installer.update(NAME, { policy: "warn" })))
      assert.include(pinned.message, "--sha256")
    }))
  )

  it.live(
    "gives the same once more when its stored copy was changed, and nothing else",
    live(Effect.gen(function*() {
      const { admit, fs, root, use } = yield* premises
      const pages: Record<string, string> = { "/animus-plugin-x": PROGRAM }
      const { address } = yield* server(() => pages)
      const spec = { kind: "url", url: `${address}/animus-plugin-x`, sha256: sha256(PROGRAM) } as const
      yield* use(({ installer }) => installer.install({ spec, policy: "warn" }))
      const again = use(({ installer }) => installer.update(NAME, { policy: "warn", reinstall: true }))
      const { path } = yield* admit(NAME)
      yield* fs.chmod(path, 0o755)
      yield* fs.writeFileString(path, "#!/bin/sh\n")
      assert.include((yield* Effect.flip(admit(NAME))).message, `animus plugin update ${NAME} --reinstall`)
      assert.isTrue((yield* again).unchanged)
      yield* admit(NAME)
      pages["/animus-plugin-x"] = script(NAME, "6.6.6")
      assert.include((yield* Effect.flip(again)).message, "what came has SHA-256")
      // A ledger of before has no digest to believe a second download by.
      const lock = `${root}/config/plugins.lock`
      yield* fs.writeFileString(lock, (yield* fs.readFileString(lock)).replace(/^source_sha256.*\n/m, ""))
      assert.include((yield* Effect.flip(again)).message, "--sha256")
    }))
  )

  it.live(
    "is named with what is wrong about it, and shows no password",
    live(Effect.gen(function*() {
      const { ledger, use } = yield* premises
      const { address } = yield* server(() => ({ "/x.tar.gz": "hello" }))
      const from = (url: string) =>
        Effect.map(
          Effect.flip(
            use(({ installer }) =>
              installer.install({ spec: { kind: "url", url, sha256: sha256("hello") }, policy: "warn" })
            )
          ),
          ({ message }) => message
        )
      assert.include(yield* from(`${address}/x.tar.gz`), "is no gzipped tar")
      const closed = yield* Effect.scoped(Effect.map(server(() => ({})), ({ address }) => address))
      assert.include(yield* from(`${closed}/x`), "ECONNREFUSED")
      const secret = yield* from(address.replace("//", "//me:s3cret@"))
      assert.include(secret, "would be kept")
      assert.notInclude(secret, "s3cret")
      assert.deepStrictEqual((yield* ledger).plugins, [])
    }))
  )

  it.live(
    "gives an archive with a folder in it",
    live(Effect.gen(function*() {
      const { admit, fs, use } = yield* premises
      const bytes = yield* archive(
        Tar.directory("x-1.0"),
        program("x-1.0/animus-plugin-x"),
        Tar.file("x-1.0/readme", "r")
      )
      const { address } = yield* server(() => ({ "/x.tar.gz": bytes }))
      const spec = { kind: "url", url: `${address}/x.tar.gz`, sha256: sha256(bytes) } as const
      const { plugin } = yield* use(({ installer }) => installer.install({ spec, policy: "warn" }))
      assert.strictEqual(plugin.entry, "x-1.0/animus-plugin-x")
      assert.strictEqual(yield* fs.readFileString((yield* admit(NAME)).path), PROGRAM)
    }))
  )

  const refuses = (name: string, entries: ReadonlyArray<Tar.Entry>, detail: string) =>
    it.live(
      `gives no archive ${name}`,
      live(Effect.gen(function*() {
        const { fs, ledger, root, use } = yield* premises
        const bytes = yield* archive(...entries)
        const { address } = yield* server(() => ({ "/x.tgz": bytes }))
        const spec = { kind: "url", url: `${address}/x.tgz`, sha256: sha256(bytes) } as const
        const error = yield* Effect.flip(use(({ installer }) => installer.install({ spec, policy: "warn" })))
        assert.include(error.message, detail)
        assert.isFalse(yield* fs.exists(`${root}/config/evil`))
        assert.deepStrictEqual((yield* ledger).plugins, [])
      }))
    )
  refuses("that climbs out", [Tar.file("../../evil", "x")], "outside of its folder")
  refuses("with absolute places", [Tar.file("/tmp/animus-evil", "x")], "outside of its folder")
  refuses("with links", [Tar.symlink("a", ".."), Tar.file("a/evil", "x")], "files and folders only")
  refuses("with one file twice", [program("animus-plugin-x"), program("animus-plugin-x")], "EEXIST")

  it.live(
    "that is not there, redirects for ever or is of another kind is named",
    live(Effect.gen(function*() {
      const { use } = yield* premises
      const { address } = yield* server((address) => ({
        "/loop": (_, response) => void response.writeHead(302, { location: `${address}/loop` }).end(),
        "/moved": (_, response) => void response.writeHead(302, { location: `${address}/animus-plugin-x` }).end(),
        "/broken": (_, response) => void response.writeHead(500).end(),
        "/animus-plugin-x": PROGRAM
      }))
      const from = (url: string) =>
        use(({ installer }) =>
          installer.install({ spec: { kind: "url", url, sha256: sha256(PROGRAM) }, policy: "warn" })
        )
      assert.include((yield* Effect.flip(from(`${address}/none`))).message, "nothing at this address")
      assert.include((yield* Effect.flip(from(`${address}/loop`))).message, "302")
      assert.include((yield* Effect.flip(from(`${address}/broken`))).message, "500")
      assert.include((yield* Effect.flip(from("file:///etc/passwd"))).message, "no http or https")
      assert.strictEqual((yield* from(`${address}/moved`)).plugin.name, NAME)
    }))
  )
})

/** Packages as a registry serves them, each with an install script that must never run. */
const registry = Effect.fnUntraced(function*(root: string, versions: ReadonlyArray<string>) {
  const tarballs = new Map<string, Uint8Array>()
  for (const version of versions) {
    const about = {
      name: NAME,
      version,
      bin: { [NAME]: "run.sh" },
      scripts: { preinstall: `touch ${root}/ran`, install: `touch ${root}/ran`, postinstall: `touch ${root}/ran` }
    }
    tarballs.set(
      version,
      yield* archive(
        Tar.file("package/package.json", JSON.stringify(about)),
        Tar.file("package/run.sh", script(NAME, version), { mode: 0o644 })
      )
    )
  }
  const packument = (address: string) =>
    JSON.stringify({
      name: NAME,
      "dist-tags": { latest: versions.at(-1) },
      versions: Object.fromEntries([...tarballs].map(([version, bytes]) => [version, {
        name: NAME,
        version,
        bin: { [NAME]: "run.sh" },
        hasInstallScript: true,
        dist: {
          tarball: `${address}/${NAME}-${version}.tgz`,
          integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`
        }
      }]))
    })
  return yield* server((address) => ({
    [`/${NAME}`]: packument(address),
    ...Object.fromEntries([...tarballs].map(([version, bytes]) => [`/${NAME}-${version}.tgz`, bytes]))
  }))
})

/** npm is told by its environment where the registry is, as an operator would tell it. */
const withRegistry = (address: string, root: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = { ...env }
      Object.assign(env, {
        npm_config_registry: address,
        npm_config_cache: `${root}/cache`,
        npm_config_userconfig: `${root}/npmrc`
      })
      return before
    }),
    (before) =>
      Effect.sync(() => {
        for (const name of ["npm_config_registry", "npm_config_cache", "npm_config_userconfig"]) {
          if (before[name] === undefined) delete env[name]
          else env[name] = before[name]
        }
      })
  )

describe("the npm registry", () => {
  it.live(
    "gives a version that stays, or the newest that moves on; and no script of a package is ever run",
    live(Effect.gen(function*() {
      const { admit, fs, root, use } = yield* premises
      const { address } = yield* registry(root, ["1.0.0", "1.1.0"])
      yield* withRegistry(address, root)
      const install = (spec: string) =>
        use(({ installer }) => installer.install({ spec: { kind: "npm", spec }, policy: "warn" }))
      const update = (version?: string) => use(({ installer }) => installer.update(NAME, { policy: "warn", version }))

      const first = yield* install(`${NAME}@1.0.0`)
      assert.deepInclude(first.plugin, { name: NAME, version: "1.0.0", pinned: true, source_kind: "npm" })
      assert.include((yield* Effect.flip(update())).message, `animus plugin update ${NAME} --to VERSION`)
      assert.strictEqual((yield* update("1.1.0")).plugin.version, "1.1.0")
      assert.strictEqual((yield* use(({ installer }) => installer.rollback(NAME))).version, "1.0.0")

      const newest = yield* install(NAME)
      assert.deepInclude(newest.plugin, { version: "1.1.0", pinned: false })
      assert.isTrue((yield* update()).unchanged)
      assert.strictEqual(yield* fs.readFileString((yield* admit(NAME)).path), script(NAME, "1.1.0"))
      assert.isFalse(yield* fs.exists(`${root}/ran`))

      const missing = yield* Effect.flip(install(`${NAME}@9.9.9`))
      assert.match(missing.message, /npm ended with exit code 1: .*No matching version found for .*@9\.9\.9/)
      assert.notMatch(missing.message, /npm error|A complete log|\n/)
      assert.strictEqual((yield* admit(NAME)).key, newest.plugin.artifact_sha256)
    })),
    60_000
  )

  it("is asked for packages only, never for files, repositories or options", () => {
    for (const text of ["x", "x@1.2.3", "@scope/x@^1", "x@latest", "x@>=1.0.0"]) {
      assert.isDefined(parseNpmSpec(text), text)
    }
    for (
      const text of [
        "",
        "../x",
        "/x",
        "file:x",
        "x@file:../y",
        "git+ssh://h/x",
        "o/r",
        "http://h/x",
        "--help",
        "x@git://h",
        "x@npm:y@1",
        "-x"
      ]
    ) assert.isUndefined(parseNpmSpec(text), text)
    assert.isTrue(parseNpmSpec("x@1.2.3-beta.1")?.pinned)
    assert.isFalse(parseNpmSpec("x@^1.2.3")?.pinned)
  })
})
