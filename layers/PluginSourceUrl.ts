/**
 * A plugin from a URL, with the SHA-256 of its bytes: an executable, or a gzipped tar. Size, redirects and time are bounded;
 * nothing is unpacked before the digest is right, and no entry of an archive lands outside of its folder.
 */
import { Effect, Stream } from "effect"
import { Tar } from "effect/encoding"
import { FetchHttpClient, HttpClient, type HttpClientError, type HttpClientResponse } from "effect/http"
import * as Crypto from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import { InstallFailed, InstallRefused } from "../schemas/errors/InstallErrors.ts"
import { entryOf } from "../src/install/Entry.ts"
import type { Fetched } from "../src/install/PluginSources.ts"
import { attempt, isFull, openFile, writeAll } from "./DurableFile.ts"
import { BUNDLE_SUFFIX } from "./PluginSourcePath.ts"
import { noRoom, wordsOf } from "./StoreTrouble.ts"

const DEADLINE = "2 minutes"
const REDIRECTS = 5
const MOST_BYTES = 256 * 1024 * 1024
const MOST_UNPACKED = 1024 * 1024 * 1024
const BUNDLE_BYTES = 1024 * 1024

const failed = (url: string, detail: string) =>
  new InstallFailed({ what: url, detail, fix: "Check the address, then type the same again" })

/** What lies under it says more: that nobody listens there, or that there is no such host. */
const reasonOf = (error: HttpClientError.HttpClientError): string => {
  let deepest: unknown = error
  while (typeof deepest === "object" && deepest !== null && "cause" in deepest && deepest.cause !== undefined) {
    deepest = deepest.cause
  }
  return deepest === error ? error.message : `it could not be fetched: ${wordsOf(deepest)}`
}

const bodyOf = (url: string, response: HttpClientResponse.HttpClientResponse, limit: number) =>
  response.stream.pipe(
    Stream.runFoldEffect(() => ({ size: 0, chunks: Array<Uint8Array>() }), ({ chunks, size }, chunk) => {
      if (size + chunk.length > limit) return Effect.fail(failed(url, `it is larger than ${limit} bytes`))
      chunks.push(chunk)
      return Effect.succeed({ size: size + chunk.length, chunks })
    }),
    Effect.map(({ chunks }) => Buffer.concat(chunks))
  )

/** Undefined when there is nothing at that address. */
const download = Effect.fnUntraced(
  function*(url: string, limit: number) {
    const client = HttpClient.followRedirects(yield* HttpClient.HttpClient, REDIRECTS)
    const response = yield* client.get(url)
    if (response.status === 404) return undefined
    if (response.status !== 200) return yield* failed(url, `the server answered ${response.status}`)
    return yield* bodyOf(url, response, limit)
  },
  Effect.scoped,
  // Followed here, where they are counted.
  Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" }),
  Effect.provide(FetchHttpClient.layer),
  (effect, url) =>
    effect.pipe(
      Effect.mapError((error) => error._tag === "InstallFailed" ? error : failed(url, reasonOf(error))),
      Effect.timeoutOrElse({
        duration: DEADLINE,
        orElse: () => Effect.fail(failed(url, `it did not come within ${DEADLINE}`))
      })
    )
)

const isGzip = (bytes: Uint8Array) => bytes[0] === 0x1f && bytes[1] === 0x8b

/** The path below the folder, or undefined for one that would leave it. */
const placeOf = (path: string): string | undefined => {
  const place = Path.posix.normalize(path)
  return path.startsWith("/") || place.startsWith("..") || path.includes("\0") ? undefined : place
}

/** Of what is put into the folder: either there is room for it, or the address is to be looked at. */
const trouble = (url: string, folder: string) => (cause: unknown) =>
  isFull(cause) ? noRoom(Path.dirname(folder)) : failed(url, wordsOf(cause))

/** Never through a link that an earlier entry put there: exclusive creation follows none at the end. */
const writeNew = Effect.fnUntraced(function*(path: string, bytes: Uint8Array, executable: boolean) {
  const file = yield* openFile(path, "wx")
  yield* writeAll(path, file, bytes, 0)
  yield* attempt("chmod", path, () => file.chmod(executable ? 0o755 : 0o644))
}, Effect.scoped)

const unpackOne = Effect.fnUntraced(function*(url: string, folder: string, entry: Tar.Entry<unknown>) {
  const { linkTarget = "", mode, path, type } = entry.header
  const place = placeOf(path)
  if (place === undefined) return yield* failed(url, `its entry ${path} would lie outside of its folder`)
  const full = Path.join(folder, place)
  const makeFolder = (path: string) =>
    Effect.tryPromise({ try: () => Fs.mkdir(path, { recursive: true }), catch: trouble(url, folder) })
  switch (type) {
    case "Directory":
      return yield* makeFolder(full)
    case "File": {
      const content = yield* Effect.mapError(Stream.runCollect(entry.body), (cause) => failed(url, wordsOf(cause)))
      yield* makeFolder(Path.dirname(full))
      const write = writeNew(full, Buffer.concat(content), (mode & 0o111) !== 0)
      return yield* Effect.mapError(write, trouble(url, folder))
    }
    default:
      return yield* failed(
        url,
        `its entry ${path} is a ${type.toLowerCase()}${
          linkTarget && ` to ${linkTarget}`
        }: archives may hold files and folders only`
      )
  }
})

const unpack = Effect.fnUntraced(function*(url: string, bytes: Uint8Array, folder: string) {
  const tar = yield* Effect.tryPromise({
    try: () => promisify(gunzip)(bytes, { maxOutputLength: MOST_UNPACKED }),
    catch: (cause) => failed(url, `it cannot be unpacked: ${wordsOf(cause)}`)
  })
  yield* Stream.make<[Uint8Array]>(tar).pipe(
    Stream.pipeThroughChannel(Tar.decode()),
    Stream.runForEach((entry) => unpackOne(url, folder, entry)),
    Effect.mapError((error) =>
      error._tag === "InstallFailed" || error._tag === "StateFolderUnusable"
        ? error
        : failed(url, `it is no tar: ${error.message}`)
    )
  )
  // Archives usually hold one folder that holds everything.
  const [only, ...others] = yield* Effect.promise(() => Fs.readdir(folder, { withFileTypes: true }))
  return others.length === 0 && only?.isDirectory() === true ? only.name : "."
})

/** It is printed, and kept in the lock file: what it holds must be nobody's secret. */
const checkAddress = (url: string) => {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== "http:" && parsed.protocol !== "https:")) {
    return Effect.fail(failed(url, "it is no http or https address"))
  }
  if (parsed.username === "" && parsed.password === "") return Effect.void
  const shown = Object.assign(new URL(url), { username: "", password: "" }).href
  return Effect.fail(failed(shown, "a name or a password in the address would be kept where it can be read"))
}

export const fetchUrl = Effect.fn("PluginSourceUrl.fetch")(function*(
  { sha256, url }: { readonly url: string; readonly sha256: string },
  folder: string
) {
  yield* checkAddress(url)
  const bytes = yield* download(url, MOST_BYTES)
  if (bytes === undefined) return yield* failed(url, "there is nothing at this address")
  const found = Crypto.createHash("sha256").update(bytes).digest("hex")
  if (found !== sha256.toLowerCase()) {
    return yield* new InstallRefused({
      what: url,
      detail: `what came has SHA-256 ${found}, not ${sha256}`,
      fix: "Do not use it before you know why; the right digest is named by whoever published the plugin"
    })
  }
  const bundle = yield* download(url + BUNDLE_SUFFIX, BUNDLE_BYTES)
  const signed = bundle === undefined ? {} : { signed: { artifact: bytes, bundle: bundle.toString("utf8") } }
  const facts = { source_kind: "url", source: url, source_sha256: found, pinned: true, ...signed } as const
  if (isGzip(bytes)) {
    const inside = yield* unpack(url, bytes, folder)
    return { ...facts, entry: Path.join(inside, yield* entryOf(Path.join(folder, inside))) } satisfies Fetched
  }
  const entry = Path.basename(new URL(url).pathname) || "plugin"
  if (/\.(?:tar\.gz|tgz|zip)$/.test(entry)) {
    return yield* failed(url, `it is called ${entry}, and is no gzipped tar`)
  }
  yield* Effect.mapError(writeNew(Path.join(folder, entry), bytes, true), trouble(url, folder))
  return { ...facts, entry } satisfies Fetched
})
