/**
 * Whether this user approved what the project would have executed. A repository that someone cloned is input: nothing of
 * its own runs, not even a `--manifest` probe, until the bytes under its `.animus` folder were approved. Approvals are
 * hashes in the user's folder; a repository cannot grant itself anything, and a changed byte withdraws the approval.
 */
import { Context, Effect, FileSystem, Layer, Path, type PlatformError, Schema } from "effect"
import { Digest } from "effect/crypto"
import { ProjectNotTrusted, StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import { ProjectScope } from "./ProjectScope.ts"
import { executables } from "./TrustedFiles.ts"

export interface TrustStatus {
  readonly trusted: boolean
  /** What the hash covers, relative to the project root, in order. */
  readonly files: ReadonlyArray<string>
  readonly hash: string
  readonly approvedHash: string | undefined
}

const Approvals = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))
type Approvals = typeof Approvals.Type

const unusable = (what: string, path: string) => (error: PlatformError.PlatformError | Schema.SchemaError) =>
  new StateFolderUnusable({
    what,
    path,
    detail: error._tag === "PlatformError" ? error.message : "it is damaged: its text is no list of approvals",
    fix: "Make it readable for this user, or remove what is damaged; approvals are given again with: animus trust"
  })

/** The approvals of all projects of this user, in one file that is replaced as a whole. */
const approvalsIn = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, "trust.json")

  const read = fs.readFileString(file).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(Approvals)),
    Effect.catchIf(
      (error) => error._tag === "PlatformError" && error.reason._tag === "NotFound",
      () => Effect.succeed<Approvals>({})
    ),
    Effect.mapError(unusable("trust file", file))
  )

  const replace = Effect.fnUntraced(function*(approvals: Approvals) {
    yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
    const fresh = `${file}.new`
    yield* fs.writeFileString(fresh, `${JSON.stringify(approvals, undefined, 2)}\n`, { mode: 0o600 })
    yield* fs.rename(fresh, file)
  }, Effect.mapError(unusable("trust file", file)))

  return { read, replace }
})

const make = Effect.gen(function*() {
  const scope = yield* ProjectScope
  const services = yield* Effect.context<FileSystem.FileSystem | Path.Path | Digest.Digest>()
  const approvals = yield* approvalsIn(scope.configDir)
  // A repository that brings its own approvals along has none.
  const isOutside = scope.configDir !== scope.projectDir

  const status = Effect.gen(function*() {
    const { files, hash } = yield* executables(scope.projectDir).pipe(
      Effect.provideContext(services),
      Effect.catchTag("PlatformError", (error) => Effect.fail(unusable("project folder", scope.projectDir)(error)))
    )
    const approvedHash = (yield* approvals.read)[scope.projectRoot]
    return { trusted: isOutside && hash === approvedHash, files, hash, approvedHash }
  })

  const approve = Effect.gen(function*() {
    if (!isOutside) {
      return yield* new StateFolderUnusable({
        path: scope.configDir,
        detail: "approvals cannot lie in the project that they are about",
        fix: "Set ANIMUS_CONFIG_DIR to a folder of your own"
      })
    }
    const { hash } = yield* status
    yield* approvals.replace({ ...yield* approvals.read, [scope.projectRoot]: hash })
    return yield* status
  })

  const revoke = Effect.gen(function*() {
    const { [scope.projectRoot]: _, ...others } = yield* approvals.read
    yield* approvals.replace(others)
  })

  const require = Effect.fn("Trust.require")(function*(because: string) {
    if ((yield* status).trusted) return
    return yield* new ProjectNotTrusted({ projectRoot: scope.projectRoot, because })
  })

  return { status, approve, revoke, require }
})

export class Trust extends Context.Service<Trust, {
  readonly status: Effect.Effect<TrustStatus, StateFolderUnusable>
  readonly approve: Effect.Effect<TrustStatus, StateFolderUnusable>
  readonly revoke: Effect.Effect<void, StateFolderUnusable>
  /** `because` names what wanted to run, for the operator who reads the refusal. */
  readonly require: (because: string) => Effect.Effect<void, ProjectNotTrusted | StateFolderUnusable>
}>()("animus/project/Trust") {
  static readonly layer = Layer.effect(Trust, make).pipe(Layer.provide(Digest.layerWebCrypto))
}
