import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, type Scope } from "effect"
import { Digest } from "effect/crypto"
import { randomUUID } from "node:crypto"
import { env as ownEnv } from "node:process"
import * as PluginProcessChild from "../../../layers/PluginProcessChild.ts"
import * as ProcessTableLinux from "../../../layers/ProcessTableLinux.ts"
import { askManifestTwice, probe } from "../../../src/plugin/ManifestProbe.ts"
import { HostEnvironment } from "../../../src/project/HostEnvironment.ts"
import { ProcessTable } from "../../../src/project/ProcessTable.ts"
import { ProjectScope } from "../../../src/project/ProjectScope.ts"

const manifest = JSON.stringify({
  name: "animus-plugin-probed",
  version: "1.0.0",
  plugin_kind: "custom",
  description: "",
  protocol_version: "1.1.0"
})

const workshop = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* fs.makeTempDirectoryScoped({ prefix: "animus-probe-" })
  const layer = Layer.mergeAll(
    Layer.provide(PluginProcessChild.layer, NodeServices.layer),
    Digest.layerWebCrypto,
    NodeServices.layer,
    Layer.succeed(HostEnvironment, {
      env: { PATH: ownEnv["PATH"] ?? "", LANG: "C", SECRET_TOKEN: "not yours" },
      cookie: root,
      generation: "1"
    }),
    Layer.succeed(ProjectScope, {
      projectRoot: root,
      projectDir: `${root}/.animus`,
      configDir: `${root}/config`,
      scopeDir: `${root}/config/scope`,
      socketPath: `${root}/config/scope/control.sock`
    })
  )
  const file = `${root}/animus-plugin-probed`
  const write = (script: string) =>
    Effect.andThen(fs.writeFileString(file, `#!/bin/sh\n${script}\n`), fs.chmod(file, 0o755))
  const probeAs = (key: string) => Effect.provide(probe(file, key), layer)
  return { fs, root, write, probeAs, probe: probeAs("0"), install: Effect.provide(askManifestTwice(file), layer) }
})

const live = <A, E>(
  name: string,
  test: Effect.Effect<A, E, NodeServices.NodeServices | ProcessTable | Scope.Scope>
) =>
  it.live(
    name,
    () => test.pipe(Effect.scoped, Effect.provide(Layer.provideMerge(ProcessTableLinux.layer, NodeServices.layer)))
  )

const fails = (name: string, script: string, detail: string) =>
  live(
    name,
    Effect.gen(function*() {
      const { probe, write } = yield* workshop
      yield* write(script)
      const error = yield* Effect.flip(probe)
      assert.strictEqual(error._tag, "ManifestProbeFailed")
      assert.include(error.message, detail)
    })
  )

describe("a manifest probe", () => {
  fails("fails by exit code, with what stderr said", "echo 'no python here' >&2; exit 4", "no python here")
  fails("fails on what is no JSON", "echo hello", "--manifest failed")
  fails("fails on JSON that is no manifest", "echo '{}'", "--manifest failed")
  for (const version of ["the latest", "1.0", "v1.0.0", " 1.0.0", "1.0.0\u001b[31m", ""]) {
    fails(
      `fails on the version ${JSON.stringify(version)}, which is none`,
      `printf '%s' '${manifest.replace("\"1.0.0\"", JSON.stringify(version).replace("\u001b", "\\u001b"))}'`,
      `its version ${JSON.stringify(version)} is no semantic version`
    )
  }
  fails(
    "fails on a version that is longer than any",
    `echo '${manifest.replace("1.0.0", `1.0.0-${"x".repeat(123)}`)}'`,
    "its version has 129 characters, and 128 are the most"
  )
  live(
    "takes a version with all that a semantic version may have, as long as it may be",
    Effect.gen(function*() {
      const { probe, write } = yield* workshop
      const version = `1.0.0-rc.1+build.${"x".repeat(111)}`
      yield* write(`echo '${manifest.replace("1.0.0", version)}'`)
      assert.strictEqual((yield* probe).version, version)
    })
  )

  fails("reads no more than 1 MiB of stdout", "head -c 3000000 /dev/zero", "stdout is larger than 1048576 bytes")
  fails("reads no more than 1 MiB of stderr", "head -c 3000000 /dev/zero >&2", "stderr is larger than 1048576 bytes")

  live(
    "ends after five seconds, and so does everything it started",
    Effect.gen(function*() {
      const { probe, root, write } = yield* workshop
      const table = yield* ProcessTable
      const mark = randomUUID()
      yield* write(
        `export ANIMUS_COOKIE=${mark}; trap '' TERM; sleep 300 & echo $! > ${root}/pid; sleep 300; sleep 300`
      )
      const error = yield* Effect.flip(probe)
      assert.include(error.message, "5 seconds")
      const fs = yield* FileSystem.FileSystem
      assert.isFalse(yield* table.isAlive(Number(yield* fs.readFileString(`${root}/pid`))))
      assert.deepStrictEqual(yield* table.carrying(mark), [])
    })
  )

  live(
    "that an install waits for is made once more when the first was too slow",
    Effect.gen(function*() {
      const { install, root, write } = yield* workshop
      yield* write(`mkdir ${root}/ran 2>/dev/null && sleep 300; echo '${manifest}'`)
      assert.strictEqual((yield* install).name, "animus-plugin-probed")
    })
  )

  live(
    "sees the base environment and a closed stdin, nothing else",
    Effect.gen(function*() {
      const { fs, probe, root, write } = yield* workshop
      yield* write(`env > ${root}/env; cat > ${root}/stdin; echo '${manifest}'`)
      assert.strictEqual((yield* probe).name, "animus-plugin-probed")
      const seen = yield* fs.readFileString(`${root}/env`)
      assert.notInclude(seen, "SECRET_TOKEN")
      assert.include(seen, "LANG=C")
      assert.strictEqual(yield* fs.readFileString(`${root}/stdin`), "")
    })
  )

  live(
    "is not repeated for a tree that was asked before, and is for another",
    Effect.gen(function*() {
      const { fs, probe, probeAs, root, write } = yield* workshop
      const script = `echo ran >> ${root}/ran; echo '${manifest}'`
      yield* write(script)
      const runs = Effect.map(fs.readFileString(`${root}/ran`), (text) => text.trim().split("\n").length)
      assert.deepStrictEqual(yield* probe, yield* probe)
      assert.strictEqual(yield* runs, 1)
      yield* probeAs("1")
      assert.strictEqual(yield* runs, 2)
    })
  )
})
