/** A host of several scripted plugins, with the catalog and the surroundings that rooms above it ask for. */
import { Layer } from "effect"
import { Effect } from "effect"
import * as PluginProcessMemory from "../../layers/PluginProcessMemory.ts"
import type { PluginManifest } from "../../schemas/PluginManifest.ts"
import { PluginLock } from "../../src/lock/PluginLock.ts"
import { PluginCatalog } from "../../src/plugin/PluginCatalog.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { manifest } from "../plugin/scripted.ts"

export interface Hosted {
  readonly program: PluginProcessMemory.MemoryProgram
  readonly facts?: Partial<PluginManifest>
}

const pathOf = (name: string) => `/plugins/${name}`

export const hostsOf = (
  plugins: Readonly<Record<string, Hosted>>,
  env: Readonly<Record<string, string>> = {},
  /** What is added to it is no longer there for whoever looks next. */
  uninstalled: ReadonlySet<string> = new Set()
) => {
  const installed = Object.entries(plugins).map(([name, { facts }]) => ({
    name,
    path: pathOf(name),
    source: "user_dir" as const,
    manifest: { ...manifest, name, ...facts }
  }))
  const programs = Object.fromEntries(Object.entries(plugins).map(([name, { program }]) => [pathOf(name), program]))
  return PluginHost.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(
      Layer.succeed(
        PluginCatalog,
        PluginCatalog.fromDiscovery(Effect.sync(() => ({
          plugins: installed.filter(({ name }) => !uninstalled.has(name)),
          warnings: []
        })))
      ),
      PluginProcessMemory.layer(programs),
      Layer.succeed(PluginLock, {
        admit: ({ path }) => Effect.succeed({ path, key: "" }),
        inspect: () => Effect.void
      }),
      Layer.succeed(HostEnvironment, { env: { PATH: "/bin", ...env }, cookie: "cookie", generation: "1" }),
      Layer.succeed(ProjectScope, {
        projectRoot: "/project",
        projectDir: "/project/.animus",
        configDir: "/config",
        scopeDir: "/config/scope",
        socketPath: "/config/scope/control.sock"
      })
    ))
  )
}
