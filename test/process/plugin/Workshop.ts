/** A host over one real plugin process, with a cookie of its own, so that a test can prove that nothing stays behind. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import { tmpdir } from "node:os"
import { env as ownEnv, execPath } from "node:process"
import { fileURLToPath } from "node:url"
import * as PluginProcessChild from "../../../layers/PluginProcessChild.ts"
import * as ProcessTableLinux from "../../../layers/ProcessTableLinux.ts"
import type { PluginManifest } from "../../../schemas/PluginManifest.ts"
import { PluginCatalog } from "../../../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../../../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../../../src/project/HostEnvironment.ts"
import { ProcessTable } from "../../../src/project/ProcessTable.ts"
import { ProjectScope } from "../../../src/project/ProjectScope.ts"
import { Trust } from "../../../src/project/Trust.ts"

export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/plugins/${name}.mjs`, import.meta.url))

const manifest: PluginManifest = {
  name: "fixture",
  version: "1.0.0",
  plugin_kind: "custom",
  description: "misbehaves",
  protocol_version: "1.1.0",
  capabilities: []
}

/** The Node that runs the tests also runs the fixtures. */
const path = `${execPath.slice(0, execPath.lastIndexOf("/"))}:${ownEnv["PATH"]}`

const surroundings = (cookie: string, env: Readonly<Record<string, string>>) =>
  Layer.mergeAll(
    Layer.succeed(HostEnvironment, { env: { PATH: path, ...env }, cookie, generation: "1" }),
    Layer.succeed(ProjectScope, {
      projectRoot: tmpdir(),
      projectDir: `${tmpdir()}/.animus`,
      configDir: `${tmpdir()}/config`,
      scopeDir: `${tmpdir()}/config/scope`,
      socketPath: `${tmpdir()}/config/scope/control.sock`
    }),
    Layer.succeed(Trust, {
      status: Effect.die("no plugin of a project here"),
      approve: Effect.die("no plugin of a project here"),
      revoke: Effect.void,
      require: () => Effect.void
    })
  )

export interface Options {
  readonly manifest?: Partial<PluginManifest>
  readonly env?: Readonly<Record<string, string>>
}

const hostOf = (name: string, cookie: string, options: Options) => {
  const plugin = {
    name: "fixture",
    path: fixture(name),
    source: "user_dir",
    manifest: { ...manifest, ...options.manifest }
  } as const
  return PluginHost.layer.pipe(
    Layer.provide(
      Layer.succeed(PluginCatalog, PluginCatalog.fromDiscovery(Effect.succeed({ plugins: [plugin], warnings: [] })))
    ),
    Layer.provide(PluginProcessChild.layer),
    Layer.provide(surroundings(cookie, options.env ?? {}))
  )
}

/** Runs `use` with the host, ends the host, and gives back what is still running with its cookie a moment later. */
export const withPlugin = Effect.fnUntraced(function*<A, E>(
  name: string,
  use: (host: PluginHost["Service"], cookie: string) => Effect.Effect<A, E, ProcessTable>,
  options: Options = {}
) {
  const cookie = randomUUID()
  const table = yield* ProcessTable
  const result = yield* PluginHost.use((host) => use(host, cookie)).pipe(
    Effect.provide(hostOf(name, cookie, options))
  )
  yield* Effect.repeat(table.carrying(cookie), {
    while: (rows) => rows.length > 0,
    schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo({ times: 20 }))
  })
  return { result, left: yield* table.carrying(cookie) }
}, (effect) => Effect.provide(effect, Layer.provideMerge(ProcessTableLinux.layer, NodeServices.layer)))
