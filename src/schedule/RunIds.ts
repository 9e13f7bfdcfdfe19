/** Run ids sort by the moment they were minted and can be read out: `20261124-041530-k3f9q2`. */
import { Clock, DateTime, Effect, Random } from "effect"
import { RunId } from "../../schemas/Ids.ts"

/** Without the letters that are taken for digits. */
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

export const stamp = (at: DateTime.Utc): string =>
  DateTime.formatIso(at).replace(/^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+).*$/, "$1$2$3-$4$5$6")

const letters = (length: number) =>
  Effect.map(
    Effect.replicateEffect(Random.nextIntBetween(0, alphabet.length - 1), length),
    (indexes) => indexes.map((index) => alphabet[index]).join("")
  )

const mint = Effect.gen(function*() {
  const now = DateTime.makeUnsafe(yield* Clock.currentTimeMillis)
  return `${stamp(now)}-${yield* letters(6)}`
})

export const mintRunId = Effect.map(mint, (id) => RunId.make(id))
export const mintEntryId = Effect.map(mint, (id) => `q-${id}`)
