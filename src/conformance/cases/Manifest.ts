/** What `--manifest` prints, before anything of the plugin is believed. */
import { Effect, Exit, Result, Schema, SemVer } from "effect"
import { isCompatibleProtocol, PROTOCOL_VERSION } from "../../../schemas/JsonRpc.ts"
import { PluginManifest } from "../../../schemas/PluginManifest.ts"
import { type Bench, kindsOf, type Printed, subjectKinds } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { Finding, NotApplicable } from "../Finding.ts"
import { reasonOf } from "../Notes.ts"
import { shown } from "../Shown.ts"

const sent = "--manifest"
const decode = Schema.decodeUnknownExit(PluginManifest)

const parse = ({ stdout }: Printed, option: string): Effect.Effect<unknown, Finding> =>
  Effect.try({
    try: (): unknown => JSON.parse(stdout),
    catch: () => new Finding({ sent: option, got: `its stdout is not one JSON value: ${shown(stdout.trim())}` })
  })

const read = (bench: Bench, option: string, bare = false) =>
  Effect.flatMap(bench.print(option, bare), (printed) => parse(printed, option))

const check = (holds: boolean, got: string): Effect.Effect<void, Finding> =>
  holds ? Effect.void : Effect.fail(new Finding({ sent, got }))

const known = (bench: Bench): Effect.Effect<PluginManifest, NotApplicable> =>
  bench.profile.manifest === undefined
    ? Effect.fail(new NotApplicable({ reason: "there is no manifest to look at" }))
    : Effect.succeed(bench.profile.manifest)

const isSemver = (version: string) => Result.isSuccess(SemVer.parse(version))

export const manifestCases: ReadonlyArray<Case> = [
  {
    id: "manifest.print",
    title: "--manifest prints one JSON value and exits 0",
    section: "§2, §18",
    says: "`--manifest` prints the manifest on stdout and exits 0 within 5 s, 1 MiB at most on stdout and on stderr, " +
      "with stdin closed and the base environment alone",
    run: (bench) =>
      Effect.map(read(bench, "--manifest"), (printed) => {
        bench.profile.printed = printed
      })
  },
  {
    id: "manifest.fields",
    title: "the manifest has its fields",
    section: "§2.3",
    says: "name, version, plugin_kind, description and protocol_version are required; the others have their types",
    needs: ["manifest.print"],
    run: (bench) =>
      Effect.gen(function*() {
        const manifest = decode(bench.profile.printed)
        if (Exit.isFailure(manifest)) return yield* new Finding({ sent, got: reasonOf(manifest) })
        bench.profile.manifest = manifest.value
      })
  },
  {
    id: "manifest.name",
    title: "the name is kebab-case and the version is semver",
    section: "§2.3",
    says: "name: kebab-case; version: semver",
    needs: ["manifest.fields"],
    run: (bench) =>
      Effect.gen(function*() {
        const { name, version } = yield* known(bench)
        yield* check(/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name), `name is ${shown(name)}`)
        yield* check(isSemver(version), `version is ${shown(version)}`)
      })
  },
  {
    id: "manifest.protocol",
    title: "the protocol version is one the host speaks",
    section: "§2",
    says: `protocol_version is semver with the major of ${PROTOCOL_VERSION}`,
    needs: ["manifest.fields"],
    run: (bench) =>
      Effect.flatMap(
        known(bench),
        ({ protocol_version }) =>
          check(isCompatibleProtocol(protocol_version), `protocol_version is ${shown(protocol_version)}`)
      )
  },
  {
    id: "manifest.alias",
    title: "-m prints the same",
    section: "§2",
    says: "`--manifest` (alias `-m`)",
    needs: ["manifest.print"],
    run: (bench) =>
      Effect.gen(function*() {
        const short = yield* read(bench, "-m")
        if (JSON.stringify(bench.profile.printed) === JSON.stringify(short)) return
        return yield* new Finding({ sent: "-m", got: shown(short) })
      })
  },
  {
    id: "manifest.bare",
    title: "--manifest needs no environment",
    section: "§2",
    says: "`--manifest` works without requiring env",
    needs: ["manifest.print"],
    run: (bench) => Effect.asVoid(read(bench, "--manifest", true))
  },
  {
    id: "manifest.subject-kinds",
    title: "a subject backend lists its subject kinds",
    section: "§2.3",
    says: "the preflight and the lazy router read kinds from `subject_kind:<kind>` in the manifest's capabilities",
    needs: ["manifest.fields"],
    run: (bench) =>
      Effect.gen(function*() {
        const { capabilities } = yield* known(bench)
        if (!kindsOf(bench.profile).includes("subject_backend")) {
          return yield* new NotApplicable({ reason: "it is no subject backend" })
        }
        const kinds = subjectKinds(bench.profile)
        yield* check(kinds.length > 0, `capabilities are ${shown(capabilities)}`)
        yield* check(
          kinds.every((kind) => kind !== "" && !kind.includes("/")),
          `a kind contains a slash: ${shown(kinds)}`
        )
      })
  },
  {
    id: "manifest.help",
    title: "--help exits 0",
    section: "§2",
    says: "`--help` exits 0",
    run: (bench) => Effect.asVoid(bench.print("--help"))
  }
]
