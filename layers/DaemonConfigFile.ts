/** DaemonConfig from the `daemon` block of `<project>/.animus/config.json` over that of `<configDir>/config.json`. */
import { Effect, FileSystem, Layer, Path, Schema } from "effect"
import { ConfigInvalid } from "../schemas/errors/DaemonErrors.ts"
import { JsonObject } from "../schemas/Json.ts"
import { DaemonConfig, DaemonSettings, Transports } from "../src/project/DaemonConfig.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"

/** Other blocks belong to others and are not looked at. */
const ConfigFile = Schema.fromJsonString(Schema.Struct({ daemon: Schema.optionalKey(JsonObject) }))
const decodeFile = Schema.decodeUnknownEffect(ConfigFile)
const decodeSettings = Schema.decodeUnknownEffect(DaemonSettings, { errors: "all" })

/** A mistyped key would leave a transport where it likes to listen, without a word. */
const decodeTransports = Schema.decodeUnknownEffect(Schema.Struct({ transports: Transports }), {
  errors: "all",
  onExcessProperty: "error"
})

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
    yield* decodeTransports({ transports: daemon["transports"] ?? {} })
    return daemon
  },
  (effect, file) => Effect.mapError(effect, (error) => new ConfigInvalid({ path: file, detail: error.message }))
)

/** Trusting a project is about what it executes, and this is about who may reach the machine. */
const withoutTransports = (project: JsonObject, projectFile: string, userFile: string) =>
  project["transports"] === undefined
    ? Effect.succeed(project)
    : Effect.fail(
      new ConfigInvalid({
        path: projectFile,
        detail: `daemon.transports is not for a project to say: what it says belongs into ${userFile}`
      })
    )

export const layer = Layer.effect(
  DaemonConfig,
  Effect.gen(function*() {
    const path = yield* Path.Path
    const scope = yield* ProjectScope
    const userFile = path.join(scope.configDir, "config.json")
    const user = yield* read(userFile)
    const projectFile = path.join(scope.projectDir, "config.json")
    const project = yield* withoutTransports(yield* read(projectFile), projectFile, userFile)
    return yield* Effect.mapError(
      decodeSettings({ ...user, ...project }),
      (error) => new ConfigInvalid({ path: projectFile, detail: error.message })
    )
  })
)
