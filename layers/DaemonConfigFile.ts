/** DaemonConfig from the `daemon` block of `<project>/.animus/config.json` over that of `<configDir>/config.json`. */
import { Effect, FileSystem, Layer, Path, Schema } from "effect"
import { ConfigInvalid } from "../schemas/errors/DaemonErrors.ts"
import { JsonObject } from "../schemas/Json.ts"
import { DaemonConfig, DaemonSettings } from "../src/project/DaemonConfig.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"

/** Other blocks belong to others and are not looked at. */
const ConfigFile = Schema.fromJsonString(Schema.Struct({ daemon: Schema.optionalKey(JsonObject) }))
const decodeFile = Schema.decodeUnknownEffect(ConfigFile)
const decodeSettings = Schema.decodeUnknownEffect(DaemonSettings, { errors: "all" })

const read = Effect.fnUntraced(
  function*(file: string) {
    const fs = yield* FileSystem.FileSystem
    const text = yield* Effect.catch(
      fs.readFileString(file),
      (error) => error.reason._tag === "NotFound" ? Effect.succeed("{}") : Effect.fail(error)
    )
    const { daemon = {} } = yield* decodeFile(text)
    // Each file is judged alone, so that a mistake is reported where it stands.
    yield* decodeSettings(daemon)
    return daemon
  },
  (effect, file) => Effect.mapError(effect, (error) => new ConfigInvalid({ path: file, detail: error.message }))
)

export const layer = Layer.effect(
  DaemonConfig,
  Effect.gen(function*() {
    const path = yield* Path.Path
    const scope = yield* ProjectScope
    const user = yield* read(path.join(scope.configDir, "config.json"))
    const projectFile = path.join(scope.projectDir, "config.json")
    const project = yield* read(projectFile)
    return yield* Effect.mapError(
      decodeSettings({ ...user, ...project }),
      (error) => new ConfigInvalid({ path: projectFile, detail: error.message })
    )
  })
)
