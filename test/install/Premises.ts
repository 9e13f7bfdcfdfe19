/** A user's folder with a store of its own, and small plugins to install into it. */
import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer, type Scope } from "effect"
import { env } from "node:process"
import * as PluginProcessChild from "../../layers/PluginProcessChild.ts"
import * as PluginSources from "../../layers/PluginSources.ts"
import * as PluginStoreFile from "../../layers/PluginStoreFile.ts"
import * as SignatureSigstore from "../../layers/SignatureSigstore.ts"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { Installer, type InstallRequest } from "../../src/install/Installer.ts"
import { PluginLock } from "../../src/lock/PluginLock.ts"
import { PluginStore } from "../../src/lock/PluginStore.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { Trust } from "../../src/project/Trust.ts"

/** What a daemon and a command line share: a store, what installs into it, what is asked before a start. */
export const premisesAt = (root: string) => {
  const scope = Layer.succeed(ProjectScope, {
    projectRoot: root,
    projectDir: `${root}/.animus`,
    configDir: `${root}/config`,
    scopeDir: `${root}/config/scope`,
    socketPath: `${root}/config/scope/control.sock`
  })
  const host = Layer.succeed(HostEnvironment, { env: { PATH: env["PATH"] ?? "" }, cookie: root, generation: "1" })
  return Layer.mergeAll(Installer.layer, PluginLock.layer).pipe(
    Layer.provide([PluginSources.layer, SignatureSigstore.layer, PluginProcessChild.layer]),
    Layer.provideMerge(PluginStoreFile.layer),
    Layer.provideMerge(Trust.layer),
    Layer.provideMerge(Layer.mergeAll(scope, host)),
    Layer.provideMerge(NodeServices.layer)
  )
}

export const manifest = (name: string, version = "1.0.0", more: Partial<PluginManifest> = {}) =>
  JSON.stringify({ name, version, plugin_kind: "custom", description: "", protocol_version: "1.1.0", ...more })

/** A program that prints this when it is asked for its manifest, or for anything. */
export const printing = (text: string, before = ":") => `#!/bin/sh\n${before}\necho '${text}'\n`

export const script = (name: string, version: string, before = ":") => printing(manifest(name, version), before)

export const premises = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "animus-install-" }), fs.realPath)
  const layer = premisesAt(root)
  const program = Effect.fnUntraced(function*(file: string, text: string) {
    const full = `${root}/${file}`
    yield* fs.makeDirectory(full.slice(0, full.lastIndexOf("/")), { recursive: true })
    yield* fs.writeFileString(full, text)
    yield* fs.chmod(full, 0o755)
    return full
  })
  const use = <A, E>(
    body: (tools: {
      readonly installer: Installer["Service"]
      readonly store: PluginStore["Service"]
      readonly lock: PluginLock["Service"]
    }) => Effect.Effect<A, E>
  ) =>
    Effect.gen(function*() {
      return yield* body({ installer: yield* Installer, store: yield* PluginStore, lock: yield* PluginLock })
    }).pipe(Effect.provide(layer))
  const install = (path: string, more: Partial<InstallRequest> = {}) =>
    use(({ installer }) => installer.install({ spec: { kind: "path", path }, policy: "warn", ...more }))
  /** What would be started, as a daemon asks that was just started itself. */
  const admit = (name: string) => use(({ lock }) => lock.admit({ name, path: "", source: "installed", locked: name }))
  const ledger = use(({ store }) => store.ledger)
  return { fs, root, layer, program, use, install, admit, ledger }
})

export const live = <A, E>(body: Effect.Effect<A, E, NodeServices.NodeServices | Scope.Scope>) => () =>
  body.pipe(Effect.scoped, Effect.provide(NodeServices.layer))
