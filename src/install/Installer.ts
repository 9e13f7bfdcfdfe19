/**
 * Installing plugins, and what follows from it. A plugin is fetched, checked and asked for its manifest aside; it is listed
 * by one replacement of the ledger, which is the only moment at which anything changes. Whatever ends an install before
 * that leaves the plugin that was there; installs wait for one another.
 */
import { Context, DateTime, Effect, FileSystem, Layer, Path } from "effect"
import type { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import { InstallFailed, InstallRefused, NotInstalled } from "../../schemas/errors/InstallErrors.ts"
import type { InstallBusy, KindTaken } from "../../schemas/errors/InstallErrors.ts"
import type { LockUnreadable } from "../../schemas/errors/LockErrors.ts"
import type { LockedPlugin, PluginLedger, PluginRelease, SignaturePolicy } from "../../schemas/PluginLock.ts"
import { kindsOf, type PluginVariable } from "../../schemas/PluginManifest.ts"
import { another } from "../lock/Cure.ts"
import { drop, findLocked, goBack, put, sameHash } from "../lock/Ledger.ts"
import { PluginStore } from "../lock/PluginStore.ts"
import { askManifestTwice, rememberedManifest, rememberManifest } from "../plugin/ManifestProbe.ts"
import { variablesOf } from "../plugin/MissingVariables.ts"
import { HostEnvironment } from "../project/HostEnvironment.ts"
import { checkClaims } from "./Claims.ts"
import { installPoint } from "./InstallPoint.ts"
import { isPluginName } from "./PluginName.ts"
import { type Fetched, type FetchError, namedIn, PluginSources, type PluginSpec } from "./PluginSources.ts"
import { type SignatureCheck, Signatures } from "./Signatures.ts"
import { sweep, sweepTrees } from "./Sweep.ts"
import { specOf } from "./UpdateSpec.ts"

export interface InstallRequest {
  readonly spec: PluginSpec
  readonly policy: SignaturePolicy
  /** Instead of the name in the manifest. */
  readonly name?: string | undefined
  /** Also in place of a plugin of the same name from elsewhere. */
  readonly force?: boolean | undefined
  /** Also one that serves a tool whose name is reserved. */
  readonly mayShadow?: boolean | undefined
}

export interface Installed {
  readonly plugin: LockedPlugin
  readonly kinds: ReadonlyArray<string>
  /** It was listed, with these very bytes, before. */
  readonly unchanged: boolean
  /** Besides: the stored copy was not what is listed, and is now. */
  readonly repaired: boolean
  readonly signature: SignatureCheck
  /** What it asks of the environment, and whether this one has it; that of a daemon may be another. */
  readonly variables: ReadonlyArray<PluginVariable>
}

export type InstallError = FetchError | InstallBusy | KindTaken | LockUnreadable
export type ChangeError = InstallError | NotInstalled

const badName = (what: string, name: string) =>
  new InstallFailed({
    what,
    detail: `${JSON.stringify(name.slice(0, 130))} is no name for a plugin`,
    fix: "Give it one of letters, digits and - with: --name NAME"
  })

/** Refused by a strict policy; a broken signature is refused by any that looks. */
const checkSignature = Effect.fnUntraced(function*({ signed, source }: Fetched, policy: SignaturePolicy) {
  if (policy === "disabled") return { status: "skipped", detail: "the policy is not to look" } satisfies SignatureCheck
  const { check } = yield* Signatures
  const result: SignatureCheck = signed === undefined
    ? { status: "unsigned", detail: "there is no signature beside it" }
    : yield* check(signed.artifact, signed.bundle)
  const isRefused = result.status === "invalid" || (policy === "strict" && result.status !== "verified")
  if (!isRefused) return result
  return yield* new InstallRefused({
    what: source,
    detail: `its signature is ${result.status.replace("_", " ")}: ${result.detail}`,
    fix: "If you trust it all the same: --signature-policy disabled"
  })
})

/** What it says of itself, unless these very bytes were asked before, and that saying so changed nothing in its own folder. */
const askSafely = Effect.fnUntraced(function*(tree: string, entry: string, sha256: string, what: string) {
  const store = yield* PluginStore
  const path = yield* Path.Path
  const known = yield* rememberedManifest(sha256)
  if (known !== undefined) return known
  const manifest = yield* Effect.mapError(
    askManifestTwice(path.join(tree, entry)),
    ({ detail }) =>
      new InstallFailed({
        what,
        detail: `${entry} --manifest failed: ${detail.replaceAll(`${tree}/`, "")}`,
        fix: "Run it by hand to see what it prints; a program that needs files beside it is installed as a folder"
      })
  )
  if ((yield* store.hash(tree)) === sha256) return manifest
  return yield* new InstallFailed({
    what,
    detail:
      "it writes into its own folder when it is run, so that it could not be told from one that was tampered with",
    fix:
      "Have it write elsewhere, such as below the folder that ANIMUS_STATE_DIR names when its env_required asks for it"
  })
})

const packageOf = (source: string) => source.replace(/(?<=.)@.*$/, "")

const checkReplaced = Effect.fnUntraced(function*(old: LockedPlugin | undefined, fetched: Fetched, force: boolean) {
  if (old === undefined || force) return
  const isSame = old.source_kind === fetched.source_kind &&
    (old.source === fetched.source ||
      (old.source_kind === "npm" && packageOf(old.source) === packageOf(fetched.source)))
  if (isSame || old.source_kind === "url" && fetched.source_kind === "url") return
  return yield* new InstallRefused({
    what: fetched.source,
    detail: `a plugin ${old.name} is installed already, from ${old.source}`,
    fix: "To put this one in its place: --force; to have both: --name NAME"
  })
})

type Needs =
  | Effect.Services<ReturnType<typeof askManifestTwice>>
  | Effect.Services<ReturnType<typeof rememberManifest>>
  | Path.Path
  | FileSystem.FileSystem
  | PluginStore
  | PluginSources
  | Signatures

const stamp = (ledger: PluginLedger) =>
  Effect.map(DateTime.now, (now) => ({ ...ledger, generated_at: DateTime.formatIso(now) }))

/** What was committed stays so, whether or not there is room to tidy up after it. */
const tidy = Effect.catch(
  sweepTrees(),
  ({ message }) => Effect.logWarning(`what is no longer needed could not be removed: ${message}`)
)

/** The ledger while nobody else changes anything; what is not needed after the change is gone before somebody else may. */
const alone = Effect.gen(function*() {
  const context = yield* Effect.context<PluginStore>()
  const store = yield* PluginStore
  yield* store.exclusive
  const ledger = yield* store.ledger
  yield* Effect.addFinalizer(() => Effect.provideContext(tidy, context))
  return ledger
})

/** Of where it is staged nobody is told: it is gone by then. */
const inWords = (spec: PluginSpec, tree: string) => <E>(error: E): E | InstallFailed =>
  error instanceof InstallFailed && error.what.startsWith(tree)
    ? new InstallFailed({ ...error, what: namedIn(spec) + error.what.slice(tree.length) })
    : error

const installIn = Effect.fnUntraced(function*(ledger: PluginLedger, request: InstallRequest) {
  const store = yield* PluginStore
  const sources = yield* PluginSources
  const tree = yield* store.stage
  const fetched = yield* Effect.mapError(sources.fetch(request.spec, tree), inWords(request.spec, tree))
  yield* installPoint("fetched")
  const signature = yield* checkSignature(fetched, request.policy)
  const sha256 = yield* store.hash(tree)
  const manifest = yield* askSafely(tree, fetched.entry, sha256, namedIn(request.spec))
  yield* installPoint("probed")
  const name = request.name ?? manifest.name
  if (!isPluginName(name)) return yield* badName(fetched.source, name)
  const old = findLocked(ledger, name)
  yield* checkReplaced(old, fetched, request.force === true)
  yield* checkClaims(ledger, { name, manifest, mayShadow: request.mayShadow === true })
  const isNew = yield* store.keep(tree, sha256)
  yield* rememberManifest(sha256, manifest)
  yield* installPoint("kept")
  const release: PluginRelease = {
    version: manifest.version,
    artifact_sha256: sha256,
    entry: fetched.entry,
    source_kind: fetched.source_kind,
    source: fetched.source,
    ...(fetched.source_sha256 === undefined ? {} : { source_sha256: fetched.source_sha256 }),
    pinned: fetched.pinned,
    installed_at: DateTime.formatIso(yield* DateTime.now),
    signature_status: signature.status
  }
  const next = put(ledger, name, manifest.plugin_kind, release)
  yield* store.commit(yield* stamp(next))
  yield* installPoint("committed")
  const unchanged = old !== undefined && sameHash(old.artifact_sha256, sha256)
  const plugin = findLocked(next, name) ?? { ...release, name, installed_kind: manifest.plugin_kind, previous: [] }
  return {
    plugin,
    kinds: kindsOf(manifest),
    signature,
    variables: variablesOf(manifest, (yield* HostEnvironment).env),
    unchanged,
    repaired: unchanged && isNew
  } satisfies Installed
})

const known = ({ plugins }: PluginLedger) => plugins.map(({ name }) => name)

const required = (ledger: PluginLedger, name: string) => {
  const plugin = findLocked(ledger, name)
  return plugin === undefined
    ? Effect.fail(new NotInstalled({ plugin: name, known: known(ledger) }))
    : Effect.succeed(plugin)
}

export class Installer extends Context.Service<Installer, {
  readonly install: (request: InstallRequest) => Effect.Effect<Installed, InstallError>
  /** Fetches again from where it came. A pinned one stays, unless another version is named. */
  readonly update: (
    name: string,
    options: { readonly policy: SignaturePolicy; readonly version?: string | undefined; readonly reinstall?: boolean }
  ) => Effect.Effect<Installed, ChangeError>
  readonly rollback: (name: string) => Effect.Effect<LockedPlugin, ChangeError>
  readonly uninstall: (name: string) => Effect.Effect<LockedPlugin, ChangeError>
  /** Removes what lies in the store and is listed nowhere. */
  readonly sweep: Effect.Effect<ReadonlyArray<string>, InstallBusy | StateFolderUnusable | LockUnreadable>
}>()("animus/install/Installer") {
  static readonly layer = Layer.effect(Installer, Effect.suspend(() => make))
}

const rollback = Effect.fnUntraced(function*(name: string) {
  const store = yield* PluginStore
  const ledger = yield* alone
  const now = yield* required(ledger, name)
  const back = goBack(ledger, name)
  if (back === undefined) {
    return yield* new InstallRefused({
      what: `going back with ${name}`,
      detail: "there is no earlier release of it",
      fix: `Another one is installed with: ${another(now)}`
    })
  }
  const plugin = yield* required(back, name)
  const { intact } = yield* store.check(plugin.artifact_sha256)
  if (!intact) {
    return yield* new InstallRefused({
      what: `going back with ${name}`,
      detail: `the stored copy of its release ${plugin.version} is not what was installed`,
      fix: `Another one is installed with: ${another(now)}`
    })
  }
  const manifest = yield* rememberedManifest(plugin.artifact_sha256)
  if (manifest !== undefined) yield* checkClaims(ledger, { name, manifest, mayShadow: true })
  yield* store.commit(yield* stamp(back))
  return plugin
}, Effect.scoped)

const uninstall = Effect.fnUntraced(function*(name: string) {
  const store = yield* PluginStore
  const ledger = yield* alone
  const plugin = yield* required(ledger, name)
  const rest = drop(ledger, name)
  yield* store.commit(yield* stamp(rest))
  return plugin
}, Effect.scoped)

const make = Effect.gen(function*() {
  const context = yield* Effect.context<Needs>()
  const { ledger } = yield* PluginStore
  const provided = <A, E>(effect: Effect.Effect<A, E, Needs>) => Effect.provideContext(effect, context)
  const install = (request: InstallRequest) =>
    Effect.flatMap(alone, (ledger) => installIn(ledger, request)).pipe(Effect.scoped, provided)
  return Installer.of({
    install,
    update: Effect.fn("Installer.update")(function*(name, { policy, reinstall = false, version }) {
      const plugin = yield* required(yield* ledger, name)
      return yield* install({ spec: yield* specOf(plugin, version, reinstall), policy, name })
    }),
    rollback: (name) => provided(rollback(name)),
    uninstall: (name) => provided(uninstall(name)),
    sweep: provided(sweep)
  })
})
