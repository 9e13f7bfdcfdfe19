/** Which plugin serves which kind of subject: exact claim first, then the longest glob. Pure. */
import { Result } from "effect"
import { DuplicateKindClaim } from "../../schemas/errors/PluginErrors.ts"
import { type Claim, claimantsOf } from "../plugin/KindClaims.ts"

export interface Routes {
  /** Each kind or glob once. */
  readonly served: ReadonlyArray<Claim>
  /** What two plugins claim is a mistake of the installation: neither has it, and whoever asks for it hears of both. */
  readonly contested: ReadonlyMap<string, DuplicateKindClaim>
}

export const makeRoutes = (claims: ReadonlyArray<Claim>): Routes => {
  const served: Array<Claim> = []
  const contested = new Map<string, DuplicateKindClaim>()
  for (const [kind, [plugin = "", ...others]] of claimantsOf(claims)) {
    if (others.length === 0) served.push({ kind, plugin })
    else contested.set(kind, new DuplicateKindClaim({ kind, plugins: [plugin, ...others] }))
  }
  return { served, contested }
}

const covers = (claim: string, kind: string): boolean =>
  claim === kind || (claim.endsWith(".*") && kind.length > claim.length - 1 && kind.startsWith(claim.slice(0, -1)))

/** A kind is one word before `/` in a method and before `:` in an id; a glob is a claim, not a kind. */
export const isKind = (kind: string): boolean => /^[^\s/:*]+$/.test(kind)

/** The claim that a kind falls under: the exact one first, then the longest glob. */
const claimOf = (claimed: ReadonlyArray<string>, kind: string): string | undefined => {
  if (!isKind(kind)) return undefined
  const matching = claimed.filter((claim) => covers(claim, kind))
  return matching.find((claim) => claim === kind) ?? matching.toSorted((a, b) => b.length - a.length)[0]
}

export const resolve = (
  { contested, served }: Routes,
  kind: string
): Result.Result<string | undefined, DuplicateKindClaim> => {
  const claim = claimOf([...served.map((one) => one.kind), ...contested.keys()], kind)
  const clash = claim === undefined ? undefined : contested.get(claim)
  return clash === undefined
    ? Result.succeed(served.find((one) => one.kind === claim)?.plugin)
    : Result.fail(clash)
}
