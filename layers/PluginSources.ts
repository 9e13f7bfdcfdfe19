/** Plugins from paths, URLs and the npm registry. */
import { Effect, FileSystem, Layer, Path } from "effect"
import { ChildProcessSpawner } from "effect/process"
import { PluginSources } from "../src/install/PluginSources.ts"
import { PluginStore } from "../src/lock/PluginStore.ts"
import { fetchNpm } from "./PluginSourceNpm.ts"
import { fetchPath } from "./PluginSourcePath.ts"
import { fetchUrl } from "./PluginSourceUrl.ts"

export const layer = Layer.effect(
  PluginSources,
  Effect.gen(function*() {
    const context = yield* Effect.context<
      FileSystem.FileSystem | Path.Path | PluginStore | ChildProcessSpawner.ChildProcessSpawner
    >()
    return {
      fetch: (spec, folder) => {
        switch (spec.kind) {
          case "path":
            return Effect.provideContext(fetchPath(spec.path, folder), context)
          case "url":
            return Effect.provideContext(fetchUrl(spec, folder), context)
          case "npm":
            return Effect.provideContext(fetchNpm(spec.spec, folder), context)
        }
      }
    }
  })
)
