/**
 * What a plugin says of itself before it is started: `<plugin> --manifest`, under limits. Remembered by the file's identity,
 * so that a daemon that starts again executes nothing to know what it knew.
 */
import { Effect, FileSystem, Option, Path, Schema, Stream } from "effect"
import { Digest } from "effect/crypto"
import { ManifestProbeFailed } from "../../schemas/errors/PluginErrors.ts"
import { PluginManifest } from "../../schemas/PluginManifest.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import { ProjectScope } from "../project/ProjectScope.ts"
import { baseEnvironment } from "./PluginEnvironment.ts"
import { type PluginPipes, PluginProcess } from "./PluginProcess.ts"

const DEADLINE = "5 seconds"
const LIMIT = 1024 * 1024

const fromText = Schema.fromJsonString(PluginManifest)
const decode = Schema.decodeUnknownEffect(fromText)
const encode = Schema.encodeUnknownEffect(fromText)

const collect = <E>(stream: Stream.Stream<Uint8Array, E>, path: string, name: string) =>
  stream.pipe(
    Stream.runFoldEffect(() => ({ size: 0, chunks: Array<Uint8Array>() }), ({ chunks, size }, chunk) =>
      size + chunk.length > LIMIT
        ? Effect.fail(new ManifestProbeFailed({ path, detail: `its ${name} is larger than ${LIMIT} bytes` }))
        : Effect.succeed({ size: size + chunk.length, chunks: [...chunks, chunk] })),
    Effect.map(({ chunks }) =>
      chunks
    )
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

const ask = Effect.fnUntraced(
  function*(path: string) {
    const { projectRoot } = yield* ProjectScope
    const { env } = yield* HostEnvironment
    const processes = yield* PluginProcess
    const pipes = yield* processes.spawn({
      plugin: path,
      path,
      args: ["--manifest"],
      cwd: projectRoot,
      env: baseEnvironment(env)
    })
    return yield* decode(yield* answer(path, pipes))
  },
  Effect.scoped,
  (effect, path) =>
    effect.pipe(
      Effect.mapError((error) =>
        error._tag === "ManifestProbeFailed" ? error : new ManifestProbeFailed({ path, detail: error.message })
      ),
      Effect.timeoutOrElse({
        duration: DEADLINE,
        orElse: () => Effect.fail(new ManifestProbeFailed({ path, detail: `no answer within ${DEADLINE}` }))
      })
    )
)

/** Another file, or the same one touched, is another identity. */
const identityOf = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const digest = yield* Digest.Digest
  const real = yield* fs.realPath(path)
  const { dev, ino, mode, mtime, size } = yield* fs.stat(real)
  const facts = [real, dev, Option.getOrElse(ino, () => 0n), mode, Option.map(mtime, Number), size]
  return yield* digest.digestHex(Digest.sha256, new TextEncoder().encode(facts.map(String).join("\n")))
}, (effect, path) => Effect.mapError(effect, (error) => new ManifestProbeFailed({ path, detail: error.message })))

export const probe = Effect.fn("ManifestProbe.probe")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const { join } = yield* Path.Path
  const { configDir } = yield* ProjectScope
  const folder = join(configDir, "cache", "manifests")
  const file = join(folder, `${yield* identityOf(path)}.json`)
  const known = yield* Effect.option(Effect.flatMap(fs.readFileString(file), decode))
  if (Option.isSome(known)) return known.value
  const manifest = yield* ask(path)
  // A cache that cannot be written costs a probe at the next start, and nothing else.
  yield* Effect.gen(function*() {
    yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    yield* fs.writeFileString(`${file}.new`, yield* encode(manifest), { mode: 0o600 })
    yield* fs.rename(`${file}.new`, file)
  }).pipe(Effect.tapError((error) => Effect.logWarning(`manifest cache: ${error.message}`)), Effect.ignore)
  return manifest
})
