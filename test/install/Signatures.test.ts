/**
 * Signatures, checked offline. The bundle beside the fixture was made with the mocked Fulcio, Rekor and certificate log of
 * sigstore-js, whose keys are in `trusted-root.json`; those by key are made here.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto"
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { SignaturePolicy, SignatureStatus } from "../../schemas/PluginLock.ts"
import { live, premises, script } from "./Premises.ts"

const NAME = "animus-plugin-signed"
const fixture = join(import.meta.dirname, "fixtures", NAME)
const trustedRoot = readFileSync(join(import.meta.dirname, "fixtures", "trusted-root.json"), "utf8")

const makeKey = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" })

const bundleOf = (artifact: string, privateKey: KeyObject, about = artifact) => {
  const digest = createHash("sha256").update(about).digest("base64")
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: "any" }, tlogEntries: [] },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest },
      signature: sign("sha256", Buffer.from(artifact), privateKey).toString("base64")
    }
  })
}

const trusting = (publicKey: KeyObject) =>
  `signers: [{ key: ${JSON.stringify(publicKey.export({ format: "pem", type: "spki" }))} }]`
const releaser = "signers: [{ identity: release@example.com, issuer: https://issuer.example }]"

interface Case {
  readonly bundle?: string
  readonly artifact?: string
  readonly signers?: string
  readonly root?: string
}

/** What an install of the artefact with the bundle beside it came to. */
const installed = Effect.fnUntraced(function*({ artifact, bundle, root, signers }: Case, policy: SignaturePolicy) {
  const place = yield* premises
  const config = join(place.root, "config")
  mkdirSync(config, { recursive: true })
  if (signers !== undefined) writeFileSync(join(config, "trusted-signers.yaml"), signers)
  if (root !== undefined) writeFileSync(join(config, "trusted-root.json"), root)
  const file = yield* place.program(NAME, artifact ?? readFileSync(fixture, "utf8"))
  if (bundle !== undefined) writeFileSync(`${file}.sigstore.json`, bundle)
  return yield* place.install(file, { policy })
})

const comesTo = (name: string, status: SignatureStatus, make: () => Case) =>
  it.live(
    `${name}: ${status.replace("_", " ")}`,
    live(Effect.gen(function*() {
      const strict = yield* Effect.result(installed(make(), "strict"))
      if (status === "verified") {
        assert.isTrue(
          strict._tag === "Success" && strict.success.plugin.signature_status === "verified",
          JSON.stringify(strict)
        )
      } else {
        assert.isTrue(
          strict._tag === "Failure" && strict.failure.message.includes(`signature is ${status.replace("_", " ")}`),
          JSON.stringify(strict)
        )
      }
      const warned = yield* Effect.result(installed(make(), "warn"))
      if (status === "invalid") assert.strictEqual(warned._tag, "Failure")
      else {assert.isTrue(
          warned._tag === "Success" && warned.success.plugin.signature_status === status,
          JSON.stringify(warned)
        )}
      assert.strictEqual((yield* installed(make(), "disabled")).plugin.signature_status, "skipped")
    }))
  )

const certified = { bundle: readFileSync(`${fixture}.sigstore.json`, "utf8"), root: trustedRoot, signers: releaser }
const text = script(NAME, "1.0.0")

describe("a signature by certificate", () => {
  comesTo("of somebody who is trusted", "verified", () => certified)
  comesTo(
    "of somebody else",
    "untrusted_signer",
    () => ({ ...certified, signers: releaser.replace("release@", "other@") })
  )
  comesTo(
    "vouched for by somebody else",
    "untrusted_signer",
    () => ({ ...certified, signers: releaser.replace("issuer.", "other.") })
  )
  comesTo("with nobody trusted", "untrusted_signer", () => ({ bundle: certified.bundle, root: trustedRoot }))
  comesTo("without a trusted root", "untrusted_signer", () => ({ bundle: certified.bundle, signers: releaser }))
  comesTo("over other bytes", "invalid", () => ({ ...certified, artifact: `${readFileSync(fixture, "utf8")}# more\n` }))
  comesTo("with a broken signature", "invalid", () => {
    const bundle = JSON.parse(certified.bundle)
    bundle.messageSignature.signature = Buffer.from("nonsense").toString("base64")
    return { ...certified, bundle: JSON.stringify(bundle) }
  })
  comesTo("whose log entry was changed", "invalid", () => {
    const bundle = JSON.parse(certified.bundle)
    bundle.verificationMaterial.tlogEntries[0].integratedTime = String(
      Number(bundle.verificationMaterial.tlogEntries[0].integratedTime) + 1
    )
    return { ...certified, bundle: JSON.stringify(bundle) }
  })
})

describe("a signature by key", () => {
  const mine = makeKey()
  comesTo("that is trusted", "verified", () => ({
    artifact: text,
    bundle: bundleOf(text, mine.privateKey),
    signers: trusting(mine.publicKey)
  }))
  comesTo("that is not", "untrusted_signer", () => ({
    artifact: text,
    bundle: bundleOf(text, makeKey().privateKey),
    signers: trusting(mine.publicKey)
  }))
  comesTo("over other bytes", "invalid", () => ({
    artifact: text,
    bundle: bundleOf(`${text}# more`, mine.privateKey),
    signers: trusting(mine.publicKey)
  }))
  comesTo("over other bytes, with a digest that says otherwise", "untrusted_signer", () => ({
    artifact: text,
    bundle: bundleOf(`${text}# more`, mine.privateKey, text),
    signers: trusting(mine.publicKey)
  }))
})

describe("what lies beside an artefact", () => {
  comesTo("and is nothing", "unsigned", () => ({}))
  comesTo("and is no bundle", "invalid", () => ({ bundle: "{}" }))
  comesTo("and is no JSON", "invalid", () => ({ bundle: "hello" }))
  comesTo("with a list of signers that cannot be read", "invalid", () => ({ ...certified, signers: "signers: yes" }))
})

it.live(
  "a signed plugin is listed as such",
  live(Effect.gen(function*() {
    const { install, ledger, root } = yield* premises
    mkdirSync(join(root, "config"), { recursive: true })
    writeFileSync(join(root, "config", "trusted-signers.yaml"), releaser)
    writeFileSync(join(root, "config", "trusted-root.json"), trustedRoot)
    for (const suffix of ["", ".sigstore.json"]) copyFileSync(fixture + suffix, join(root, NAME + suffix))
    const { signature } = yield* install(join(root, NAME), { policy: "strict" })
    assert.include(signature.detail, "release@example.com")
    assert.strictEqual((yield* ledger).plugins[0]?.signature_status, "verified")
  }))
)
