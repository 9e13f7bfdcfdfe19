/**
 * Signatures in Sigstore bundles, checked offline against what lies in the user's folder: `trusted-signers.yaml` says whose
 * word counts (public keys, or identities of certificates), `trusted-root.json` is Sigstore's trusted root, which
 * certificates are checked against. The library is loaded when there is a bundle to look at, and never otherwise.
 */
import type * as BundleLibrary from "@sigstore/bundle"
import type * as VerifyLibrary from "@sigstore/verify"
import { Effect, Layer, Schema } from "effect"
import * as Crypto from "node:crypto"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { parse } from "yaml"
import { type SignatureCheck, Signatures } from "../src/install/Signatures.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"

const Signer = Schema.Union([
  /** PEM, as cosign and openssl write it. */
  Schema.Struct({ key: Schema.String }),
  /** Exactly what the certificate says: an address or a workflow, and who vouched for it. */
  Schema.Struct({ identity: Schema.String, issuer: Schema.String })
])
const Signers = Schema.Struct({ signers: Schema.Array(Signer) })
type Signer = typeof Signer.Type

const SIGNERS = "trusted-signers.yaml"
const ROOT = "trusted-root.json"

const invalid = (detail: string): SignatureCheck => ({ status: "invalid", detail })
const untrusted = (detail: string): SignatureCheck => ({ status: "untrusted_signer", detail })

const wordsOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** A certificate of somebody whom the trusted root does not know: nothing is wrong with the signature itself. */
const isStranger = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && cause.code === "CERTIFICATE_ERROR"

const textIn = (folder: string, name: string): Promise<string | undefined> =>
  Fs.readFile(Path.join(folder, name), "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined
    throw cause
  })

const signersIn = async (folder: string): Promise<ReadonlyArray<Signer>> => {
  const text = await textIn(folder, SIGNERS)
  return text === undefined ? [] : Schema.decodeUnknownSync(Signers)(parse(text)).signers
}

type Bundle = BundleLibrary.Bundle

const Statement = Schema.fromJsonString(Schema.Struct({
  subject: Schema.Array(Schema.Struct({ digest: Schema.Record(Schema.String, Schema.String) }))
}))

/** The bundle speaks of exactly these bytes, whoever signed it. */
const isAbout = ({ content }: Bundle, artifact: Uint8Array): boolean => {
  const digest = (algorithm: string) => Crypto.createHash(algorithm).update(artifact).digest("hex")
  if (content.$case === "messageSignature") {
    return Buffer.from(content.messageSignature.messageDigest.digest).toString("hex") === digest("sha256")
  }
  const { subject } = Schema.decodeUnknownSync(Statement)(Buffer.from(content.dsseEnvelope.payload).toString("utf8"))
  return subject.some(({ digest: { sha256, sha512 } }) =>
    sha256 === digest("sha256") || (sha256 === undefined && sha512 === digest("sha512"))
  )
}

interface Question {
  readonly library: typeof VerifyLibrary
  readonly entity: VerifyLibrary.SignedEntity
  readonly root: Parameters<typeof VerifyLibrary.toTrustMaterial>[0]
  readonly signers: ReadonlyArray<Signer>
}

/** The user holds the key: no log and no certificate has to vouch for it. */
const byKey = ({ entity, library, root, signers }: Question): SignatureCheck => {
  const keys = signers.flatMap((signer) => "key" in signer ? [Crypto.createPublicKey(signer.key)] : [])
  const signed = keys.find((publicKey) => {
    const material = library.toTrustMaterial(root, () => ({ publicKey, validFor: () => true }))
    const verifier = new library.Verifier(material, { ctlogThreshold: 0, timestampThreshold: 0, tlogThreshold: 0 })
    try {
      return verifier.verify(entity).key !== undefined
    } catch {
      // Made by another key, or broken: in neither case it is this signer's word.
      return false
    }
  })
  if (signed === undefined) return untrusted(`none of the keys in ${SIGNERS} made this signature`)
  const spki = signed.export({ format: "der", type: "spki" })
  return {
    status: "verified",
    detail: `signed by key ${Crypto.createHash("sha256").update(spki).digest("hex").slice(0, 12)}`
  }
}

/** Certificate, its transparency log, the signature's log and time: all as the trusted root has it. */
const byCertificate = ({ entity, library, root, signers }: Question): SignatureCheck => {
  if (root.certificateAuthorities.length === 0) return untrusted(`there is no ${ROOT} to check its certificate against`)
  const { identity } = new library.Verifier(library.toTrustMaterial(root)).verify(entity)
  // The verifier has no way to name several signers: whose certificate it is was proved above, whether it counts is asked here.
  const name = identity?.subjectAlternativeName
  const issuer = identity?.extensions?.issuer
  const isTrusted = signers.some((signer) =>
    "identity" in signer && signer.identity === name && signer.issuer === issuer
  )
  const who = `${name ?? "nobody"} (${issuer ?? "no issuer"})`
  return isTrusted
    ? { status: "verified", detail: `signed by ${who}` }
    : untrusted(`it is signed by ${who}, who is not in ${SIGNERS}`)
}

const look = async (folder: string, artifact: Uint8Array, text: string): Promise<SignatureCheck> => {
  const [{ bundleFromJSON }, library, { TrustedRoot }] = await Promise.all([
    import("@sigstore/bundle"),
    import("@sigstore/verify"),
    import("@sigstore/protobuf-specs")
  ])
  const bundle = bundleFromJSON(JSON.parse(text))
  if (!isAbout(bundle, artifact)) return invalid("it is about other bytes")
  const signers = await signersIn(folder)
  const root = TrustedRoot.fromJSON(JSON.parse(await textIn(folder, ROOT) ?? "{}"))
  const entity = library.toSignedEntity(bundle, Buffer.from(artifact))
  const question = { library, entity, root, signers }
  return entity.key.$case === "public-key" ? byKey(question) : byCertificate(question)
}

export const layer = Layer.effect(
  Signatures,
  Effect.map(ProjectScope, ({ configDir }) => ({
    check: (artifact, bundle) =>
      Effect.tryPromise({
        try: () => look(configDir, artifact, bundle),
        catch: (cause) => isStranger(cause) ? untrusted(wordsOf(cause)) : invalid(wordsOf(cause))
      }).pipe(Effect.catch((check) => Effect.succeed(check)))
  }))
)
