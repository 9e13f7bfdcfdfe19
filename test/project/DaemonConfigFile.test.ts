import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import * as Fs from "node:fs"
import * as DaemonConfigFile from "../../layers/DaemonConfigFile.ts"
import { DaemonConfig } from "../../src/project/DaemonConfig.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"

const read = (files: { readonly user?: string; readonly project?: string }) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const dir = yield* fs.makeTempDirectoryScoped()
    const scope = {
      projectRoot: dir,
      projectDir: `${dir}/p`,
      configDir: `${dir}/u`,
      scopeDir: dir,
      socketPath: `${dir}/s`
    }
    for (const folder of [scope.projectDir, scope.configDir]) Fs.mkdirSync(folder)
    if (files.user !== undefined) Fs.writeFileSync(`${scope.configDir}/config.json`, files.user)
    if (files.project !== undefined) Fs.writeFileSync(`${scope.projectDir}/config.json`, files.project)
    return yield* Effect.provide(
      DaemonConfig,
      DaemonConfigFile.layer.pipe(Layer.provide(Layer.succeed(ProjectScope, scope)), Layer.provide(NodeServices.layer))
    )
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

describe("DaemonConfigFile", () => {
  it.live("has a default for everything", () =>
    Effect.gen(function*() {
      expect(yield* read({})).toMatchObject({ session_store: "file", pool_size: 2, log_level: "info" })
      expect(yield* read({ user: "{\"tokens\":{}}", project: "{}" })).toMatchObject({ pool_size: 2 })
    }))

  it.live("the project's word counts before the user's, key by key", () =>
    Effect.gen(function*() {
      const settings = yield* read({
        user: `{"daemon":{"pool_size":7,"log_level":"debug"}}`,
        project: `{"daemon":{"pool_size":3},"auto_update":{}}`
      })
      expect(settings).toMatchObject({ session_store: "file", pool_size: 3, log_level: "debug" })
    }))

  it.live("the user says where transports listen", () =>
    Effect.gen(function*() {
      const transports = { "animus-transport-http": { bind_addr: "[::1]:0", config: { theme: "dark" } } }
      expect(yield* read({ user: JSON.stringify({ daemon: { transports } }) })).toMatchObject({ transports })
    }))

  const listening = (settings: object) => JSON.stringify({ daemon: { transports: { http: settings } } })
  const wrong = [
    ["text that is not JSON", { project: "{" }, "/p/config.json", "JSON"],
    [
      "a value that is not allowed",
      { user: `{"daemon":{"session_store":"cloud"}}` },
      "/u/config.json",
      "session_store"
    ],
    [
      "a number out of range, though the project corrects it",
      { user: `{"daemon":{"pool_size":0}}`, project: `{"daemon":{"pool_size":1}}` },
      "/u/config.json",
      "pool_size"
    ],
    ["an address without a port", { user: listening({ bind_addr: "localhost" }) }, "/u/config.json", "HOST:PORT"],
    ["a port there is not", { user: listening({ bind_addr: "[::1]:65536" }) }, "/u/config.json", "HOST:PORT"],
    ["an address with a path", { user: listening({ bind_addr: "http://h:80" }) }, "/u/config.json", "HOST:PORT"],
    ["a mistyped key of a transport", { user: listening({ bind_adr: "h:80" }) }, "/u/config.json", "bind_adr"],
    [
      "a transport of the user's in a project's file",
      { project: listening({ bind_addr: "0.0.0.0:80" }) },
      "/p/config.json",
      "/u/config.json"
    ],
    ["a block of the wrong shape", { project: `{"daemon":[]}` }, "/p/config.json", "daemon"]
  ] as const
  for (const [name, files, path, detail] of wrong) {
    it.live(`${name} is reported with its file`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(read(files))
        expect(error).toMatchObject({ _tag: "ConfigInvalid", category: "invalid_request" })
        expect(error.message).toContain(path)
        expect(error.message).toContain(detail)
      }))
  }
})
