/**
 * Whether this user approved what the project would have executed. A repository that someone cloned is input: nothing of
 * its own runs, not even a `--manifest` probe, until the bytes under its `.animus` folder were approved. Approvals are
 * hashes in the user's folder; a repository cannot grant itself anything, and a changed byte withdraws the approval.
 */
import { Context, Effect, FileSystem, Layer, Path, type PlatformError, Schema } from "effect"
import { Digest } from "effect/crypto"
import { ProjectNotTrusted, StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import { ProjectScope } from "./ProjectScope.ts"

export interface TrustStatus {
  readonly trusted: boolean
  /** What the hash covers, relative to the project root, in order. */
  readonly files: ReadonlyArray<string>
  readonly hash: string
  readonly approvedHash: string | undefined
}

const Approvals = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))

/** State that lies in the project for want of a better place is data, and changes all the time. */
const isState = (name: string): boolean => /^(state|cache|logs|runs|queue|daemon|control\.sock)(\/|$)/.test(name)

/** Name, kind, executable bit and bytes of every file; a link counts as where it points to, and as what is there. */
const describe = Effect.fnUntraced(function*(folder: string, name: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const digest = yield* Digest.Digest
  const file = path.join(folder, name)
  const info = yield* fs.stat(file)
  if (info.type !== "File") return undefined
  const bytes = yield* digest.digestHex(Digest.sha256, yield* fs.readFile(file))
  const link = yield* Effect.orElseSucceed(fs.readLink(file), () => "")
  return JSON.stringify([name, (info.mode & 0o111) !== 0, link, bytes])
})

const measure = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const digest = yield* Digest.Digest
  if (!(yield* fs.exists(folder))) return { files: [], hash: "" }
  const names = (yield* fs.readDirectory(folder, { recursive: true })).filter((name) => !isState(name)).toSorted()
  const lines: Array<string> = []
  const files: Array<string> = []
  for (const name of names) {
    const line = yield* describe(folder, name)
    if (line === undefined) continue
    lines.push(line)
    files.push(`.animus/${name}`)
  }
  return { files, hash: yield* digest.digestHex(Digest.sha256, new TextEncoder().encode(lines.join("\n"))) }
})

const unusable = (path: string) => (error: PlatformError.PlatformError | Schema.SchemaError) =>
  new StateFolderUnusable({
    path,
    detail: error.message,
    fix: "Make it readable for this user, or remove what is damaged; approvals are given again with: animus trust"
  })

export class Trust extends Context.Service<Trust, {
  readonly status: Effect.Effect<TrustStatus, StateFolderUnusable>
  readonly approve: Effect.Effect<TrustStatus, StateFolderUnusable>
  readonly revoke: Effect.Effect<void, StateFolderUnusable>
  /** `because` names what wanted to run, for the operator who reads the refusal. */
  readonly require: (because: string) => Effect.Effect<void, ProjectNotTrusted | StateFolderUnusable>
}>()("animus/project/Trust") {
  static readonly layer = Layer.effect(
    Trust,
    Effect.gen(function*() {
      const scope = yield* ProjectScope
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const services = yield* Effect.context<FileSystem.FileSystem | Path.Path | Digest.Digest>()
      const file = path.join(scope.configDir, "trust.json")

      const approvals = Effect.gen(function*() {
        if (!(yield* fs.exists(file))) return {}
        return yield* Schema.decodeUnknownEffect(Approvals)(yield* fs.readFileString(file))
      }).pipe(Effect.mapError(unusable(file)))

      const save = Effect.fnUntraced(function*(approvals: typeof Approvals.Type) {
        const fresh = `${file}.new`
        yield* fs.writeFileString(fresh, JSON.stringify(approvals, undefined, 2), { mode: 0o600 })
        yield* fs.rename(fresh, file)
      }, Effect.mapError(unusable(file)))

      const status = Effect.gen(function*() {
        const { files, hash } = yield* measure(scope.projectDir).pipe(
          Effect.provideContext(services),
          Effect.mapError(unusable(scope.projectDir))
        )
        const approvedHash = (yield* approvals)[scope.projectRoot]
        return { trusted: hash !== "" && hash === approvedHash, files, hash, approvedHash }
      })

      const approve = Effect.gen(function*() {
        const { hash } = yield* status
        yield* save({ ...yield* approvals, [scope.projectRoot]: hash })
        return yield* status
      })

      const revoke = Effect.gen(function*() {
        const { [scope.projectRoot]: _, ...others } = yield* approvals
        yield* save(others)
      })

      const require = Effect.fn("Trust.require")(function*(because: string) {
        if ((yield* status).trusted) return
        return yield* new ProjectNotTrusted({ projectRoot: scope.projectRoot, because })
      })

      return Trust.of({ status, approve, revoke, require })
    })
  ).pipe(Layer.provide(Digest.layerWebCrypto))
}
