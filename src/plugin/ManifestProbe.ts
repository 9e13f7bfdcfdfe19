/**
 * What a plugin says of itself before it is started: `<plugin> --manifest`, under limits. Remembered under the hash of its
 * tree, so that a daemon that starts executes nothing to know what was known when the plugin was installed.
 */
import { Effect, FileSystem, Option, Path, Result, Schema, SemVer, Stream } from "effect"
import { ManifestProbeFailed } from "../../schemas/errors/PluginErrors.ts"
import { PluginManifest } from "../../schemas/PluginManifest.ts"
import { HostEnvironment, markOf, PLUGIN_VARIABLE } from "../project/HostEnvironment.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { bareEnvironment } from "./PluginEnvironment.ts"
import { type PluginPipes, PluginProcess } from "./PluginProcess.ts"

const DEADLINE = "5 seconds"
const TOO_SLOW = `no answer within ${DEADLINE}`
const LIMIT = 1024 * 1024
/** It is printed in tables and kept in the lock file. */
const LONGEST_VERSION = 128

const fromText = Schema.fromJsonString(PluginManifest)
const decode = Schema.decodeUnknownEffect(fromText)
const encode = Schema.encodeUnknownEffect(fromText)

const collect = <E>(stream: Stream.Stream<Uint8Array, E>, path: string, name: string) =>
  stream.pipe(
    Stream.runFoldEffect(() => ({ size: 0, chunks: Array<Uint8Array>() }), ({ chunks, size }, chunk) => {
      if (size + chunk.length > LIMIT) {
        return Effect.fail(new ManifestProbeFailed({ path, detail: `its ${name} is larger than ${LIMIT} bytes` }))
      }
      chunks.push(chunk)
      return Effect.succeed({ size: size + chunk.length, chunks })
    }),
    Effect.map(({ chunks }) => chunks)
  )

const textOf = (chunks: ReadonlyArray<Uint8Array>): string => {
  const decoder = new TextDecoder()
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode()
}

const answer = Effect.fnUntraced(function*(path: string, pipes: PluginPipes) {
  yield* pipes.closeStdin
  const [stdout, stderr, exit] = yield* Effect.all(
    [collect(pipes.stdout, path, "stdout"), collect(pipes.stderr, path, "stderr"), pipes.exit],
    { concurrency: 3 }
  )
  if (exit.code === 0) return textOf(stdout)
  const how = exit.signal === undefined ? `exit code ${exit.code}` : `signal ${exit.signal}`
  const detail = `it ended with ${how}: ${textOf(stderr).trim().slice(0, 500)}`
  return yield* new ManifestProbeFailed({ path, detail })
})

/** Why it is no version of a plugin; undefined when it is one. */
const faultOfVersion = ({ version }: PluginManifest): string | undefined => {
  if (version.length > LONGEST_VERSION) {
    return `its version has ${version.length} characters, and ${LONGEST_VERSION} are the most. Write one such as 1.2.0`
  }
  return Result.isSuccess(SemVer.parse(version))
    ? undefined
    : `its version ${JSON.stringify(version)} is no semantic version. Write one such as 1.2.0`
}

const read = Effect.fnUntraced(function*(path: string, text: string) {
  const manifest = yield* decode(text)
  const fault = faultOfVersion(manifest)
  return fault === undefined ? manifest : yield* new ManifestProbeFailed({ path, detail: fault })
})

/** Executes the program, and nothing is remembered. */
export const askManifest = Effect.fnUntraced(
  function*(path: string) {
    const { projectRoot } = yield* ProjectScope
    const host = yield* HostEnvironment
    const processes = yield* PluginProcess
    const pipes = yield* processes.spawn({
      plugin: path,
      path,
      args: ["--manifest"],
      cwd: projectRoot,
      // Our mark grants nothing; it lets us find what a probe leaves running.
      env: { ...bareEnvironment(host.env), ...markOf(host), [PLUGIN_VARIABLE]: path }
    })
    return yield* read(path, yield* answer(path, pipes))
  },
  Effect.scoped,
  (effect, path) =>
    effect.pipe(
      Effect.mapError((error) => {
        if (error._tag === "ManifestProbeFailed") return error
        // What could not even be started has no log of its own to point to.
        return new ManifestProbeFailed({ path, detail: error._tag === "PluginCrashed" ? error.detail : error.message })
      }),
      Effect.timeoutOrElse({
        duration: DEADLINE,
        orElse: () => Effect.fail(new ManifestProbeFailed({ path, detail: TOO_SLOW }))
      })
    )
)

/** For who waits for it: a first start reads the program from a disk that may be busy, and the second does not. */
export const askManifestTwice = (path: string) =>
  Effect.retry(askManifest(path), { times: 1, while: ({ detail }) => detail === TOO_SLOW })

const fileOf = Effect.fnUntraced(function*(key: string) {
  const { join } = yield* Path.Path
  const { configDir } = yield* ProjectScope
  const folder = join(configDir, "cache", "manifests")
  return { folder, file: join(folder, `${key}.json`) }
})

/** What a tree said of itself when it was first asked; `key` names the tree and every byte of it. */
export const rememberedManifest = Effect.fnUntraced(function*(key: string) {
  const fs = yield* FileSystem.FileSystem
  const { file } = yield* fileOf(key)
  // What cannot be read was not remembered.
  return Option.getOrUndefined(
    yield* Effect.option(Effect.flatMap(fs.readFileString(file), (text) => read(file, text)))
  )
})

/** A cache that cannot be written costs a probe at the next start, and nothing else. */
export const rememberManifest = Effect.fnUntraced(
  function*(key: string, manifest: PluginManifest) {
    const fs = yield* FileSystem.FileSystem
    const { file, folder } = yield* fileOf(key)
    yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    yield* fs.writeFileString(`${file}.new`, yield* encode(manifest), { mode: 0o600 })
    yield* fs.rename(`${file}.new`, file)
  },
  (effect) =>
    effect.pipe(Effect.tapError((error) => Effect.logWarning(`manifest cache: ${error.message}`)), Effect.ignore)
)

/** What is remembered for the tree, or what the program answers now. */
export const probe = Effect.fn("ManifestProbe.probe")(function*(path: string, key: string) {
  const known = yield* rememberedManifest(key)
  if (known !== undefined) return known
  const manifest = yield* askManifest(path)
  yield* rememberManifest(key, manifest)
  return manifest
})
