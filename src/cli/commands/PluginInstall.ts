import { Effect, Option, Path } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { Sha256 } from "../../../schemas/PluginLock.ts"
import { reservedTools } from "../../install/Claims.ts"
import { Installer } from "../../install/Installer.ts"
import { isPluginName } from "../../install/PluginName.ts"
import type { PluginSpec } from "../../install/PluginSources.ts"
import { another } from "../../lock/Cure.ts"
import { succeed } from "../Output.ts"
import { withPluginTools } from "../PluginTools.ts"
import { afterInstall, beforeUse, releaseLine } from "../render/PluginText.ts"
import { sanitizeLine } from "../Sanitize.ts"
import { policyOf, signaturePolicy } from "../SignatureFlag.ts"

interface Sources {
  readonly spec: Option.Option<string>
  readonly path: Option.Option<string>
  readonly url: Option.Option<string>
  readonly sha256: Option.Option<string>
}

const specOf = Effect.fnUntraced(function*({ path, sha256, spec, url }: Sources) {
  const { resolve } = yield* Path.Path
  const given: ReadonlyArray<PluginSpec> = [
    ...Option.match(spec, { onNone: () => [], onSome: (spec) => [{ kind: "npm", spec } as const] }),
    ...Option.match(path, { onNone: () => [], onSome: (path) => [{ kind: "path", path: resolve(path) } as const] }),
    ...Option.match(url, {
      onNone: () => [],
      onSome: (url) => [{ kind: "url", url, sha256: Option.getOrElse(sha256, () => "") } as const]
    })
  ]
  const [one, ...others] = given
  if (one === undefined || others.length > 0) {
    return yield* new InvalidInput({ detail: "name one source: NAME@VERSION, --path PATH, or --url URL --sha256 HEX" })
  }
  if (Option.isSome(url) === Option.isSome(sha256)) return one
  return yield* new InvalidInput({ detail: "--url and --sha256 go together: the digest says which bytes are meant" })
})

export const pluginInstall = Command.make("install", {
  spec: Argument.String("package").pipe(
    Argument.optional,
    Argument.withDescription("NAME or NAME@VERSION from the npm registry; an exact version pins it")
  ),
  path: Flag.String("path").pipe(Flag.optional, Flag.withDescription("An executable, or a folder with a plugin in it")),
  url: Flag.String("url").pipe(Flag.optional, Flag.withDescription("An executable or a .tar.gz; needs --sha256")),
  sha256: Flag.String("sha256").pipe(
    Flag.withSchema(Sha256),
    Flag.optional,
    Flag.withDescription("SHA-256 of exactly what the URL gives")
  ),
  name: Flag.String("name").pipe(Flag.optional, Flag.withDescription("Instead of the name in its manifest")),
  force: Flag.Boolean("force").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Also in place of a plugin of the same name from elsewhere")
  ),
  mayShadow: Flag.Boolean("allow-shadow-builtin").pipe(
    Flag.withDefault(false),
    Flag.withDescription(`Also one that serves a tool of a reserved name: ${reservedTools.join(", ")}`)
  ),
  signaturePolicy,
  /** Of older scripts: nothing is asked. */
  yes: Flag.Boolean("yes").pipe(Flag.withDefault(false), Flag.withHidden)
}, ({ force, mayShadow, name, signaturePolicy, ...sources }) =>
  Effect.gen(function*() {
    const installer = yield* Installer
    if (Option.isSome(name) && !isPluginName(name.value)) {
      return yield* new InvalidInput({
        detail: `--name ${JSON.stringify(name.value)} is no name: use letters, digits and -`
      })
    }
    const installed = yield* installer.install({
      spec: yield* specOf(sources),
      policy: yield* policyOf(signaturePolicy),
      name: Option.getOrUndefined(name),
      force,
      mayShadow
    })
    const { plugin, signature, unchanged, variables } = installed
    const data = { ...plugin, unchanged, signature_detail: signature.detail, env_required: variables }
    yield* succeed(data, [
      `${unchanged ? "installed before, and the same:" : "installed"} ${releaseLine(plugin)}`,
      ...signature.status === "untrusted_signer" ? [`warning: ${sanitizeLine(signature.detail)}`] : [],
      ...plugin.pinned ? [`pinned to this version; another one is installed with: ${another(plugin)}`] : [],
      ...afterInstall(installed),
      ...beforeUse(installed)
    ])
  }).pipe(withPluginTools)).pipe(
    Command.withDescription("Install a plugin for this user, listed by the hash of all it is")
  )
