/** A disk without room is told as that, and where, by whatever comes upon it first; what was installed stays. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { Tar } from "effect/encoding"
import { env } from "node:process"
import { gzipSync } from "node:zlib"
import { Disk, nodeDisk } from "../../layers/DurableFile.ts"
import type { PluginSpec } from "../../src/install/PluginSources.ts"
import { live, premises, script } from "./Premises.ts"
import { server, sha256 } from "./Server.ts"

const NAME = "animus-plugin-x"
const NEXT = script(NAME, "2.0.0")

const full = () => Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }))

/** One that was installed before, and the next release of it that finds no room. */
const withoutRoom = (
  disk: Partial<typeof nodeDisk>,
  next: (at: { readonly file: string; readonly address: string }) => PluginSpec,
  pages: Readonly<Record<string, string | Uint8Array>> = {}
) =>
  Effect.gen(function*() {
    const { admit, fs, install, program, root, use } = yield* premises
    const file = yield* program(NAME, script(NAME, "1.0.0"))
    const { plugin } = yield* install(file)
    yield* program(NAME, NEXT)
    const { address } = yield* server(() => pages)
    const request = { spec: next({ file, address }), policy: "disabled", force: true } as const
    const error = yield* Effect.flip(use(({ installer }) => installer.install(request))).pipe(
      Effect.provideService(Disk, { ...nodeDisk, ...disk })
    )
    assert.strictEqual(error._tag, "StateFolderUnusable")
    assert.include((yield* admit(NAME)).path, plugin.artifact_sha256)
    assert.deepStrictEqual(
      (yield* fs.readDirectory(`${root}/config/store`)).filter((name) => name.startsWith(".")),
      []
    )
    return { message: error.message, store: `${root}/config/store`, root }
  })

const local = ({ file }: { readonly file: string }): PluginSpec => ({ kind: "path", path: file })

const told = ({ message, store }: { readonly message: string; readonly store: string }) =>
  assert.strictEqual(
    message,
    `plugin store ${store} cannot be used: no space is left on its disk. ` +
      `Free some there (df -h ${store.replace(/\/store$/, "")} shows how much there is), then type the same again`
  )

describe("an install that finds no room", () => {
  it.live(
    "for the copy of a file says so",
    live(Effect.map(withoutRoom({ copyFile: full }, local), told))
  )

  it.live(
    "for what a URL gives says so, be it a program or an archive",
    live(Effect.gen(function*() {
      const packed = yield* Stream.runCollect(
        Stream.pipeThroughChannel(Stream.make(Tar.file(NAME, NEXT, { mode: 0o755 })), Tar.encode())
      )
      for (const bytes of [Buffer.from(NEXT), gzipSync(Buffer.concat(packed))]) {
        told(
          yield* withoutRoom(
            { write: full },
            ({ address }) => ({ kind: "url", url: `${address}/${NAME}`, sha256: sha256(bytes) }),
            { [`/${NAME}`]: bytes }
          )
        )
      }
    }))
  )

  it.live(
    "for the new list names the list",
    live(Effect.gen(function*() {
      const { message, root } = yield* withoutRoom({ write: full }, local)
      const list = `${root}/config/plugins.lock`
      assert.include(message, `plugin store ${list} cannot be used: no space is left on its disk`)
    }))
  )

  it.live(
    "for what npm fetches names both places that npm writes to",
    live(Effect.gen(function*() {
      const { program } = yield* premises
      const stand = yield* program(
        "bin/npm",
        "#!/bin/sh\necho 'npm error nospc ENOSPC: no space left on device, write' >&2\nexit 228\n"
      )
      const path = env["PATH"] ?? ""
      yield* Effect.acquireRelease(
        Effect.sync(() => void (env["PATH"] = `${stand.replace(/\/npm$/, "")}:${path}`)),
        () => Effect.sync(() => void (env["PATH"] = path))
      )
      const { message, store } = yield* withoutRoom({}, () => ({ kind: "npm", spec: NAME }))
      assert.include(message, `plugin store ${store} cannot be used: npm found no space left on its disk`)
      assert.include(message, "Free some there")
    }))
  )
})
