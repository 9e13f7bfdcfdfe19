/**
 * Cron as it is written here: five fields or a name, in UTC. Day of month and day of week are joined as cron always did:
 * where both are restricted either may match, where one begins with `*` both must.
 */
import { Cron, Result } from "effect"

const names: ReadonlyMap<string, string> = new Map([
  ["@hourly", "0 * * * *"],
  ["@daily", "0 0 * * *"],
  ["@midnight", "0 0 * * *"],
  ["@weekly", "0 0 * * 0"],
  ["@monthly", "0 0 1 * *"]
])

/** Twenty-eight years hold every pair of date and weekday: what does not come by then never does. */
const GENERATION_MS = 28 * 366 * 86_400_000

const next = (cron: Cron.Cron, from: number): Result.Result<Date, string> =>
  Result.try({ try: () => Cron.next(cron, from), catch: () => "it never comes" })

export const readCron = (text: string): Result.Result<Cron.Cron, string> => {
  const written = text.trim()
  const fields = names.get(written.toLowerCase()) ?? written
  if (fields.startsWith("@")) return Result.fail(`known names: ${[...names.keys()].join(", ")}`)
  const count = fields.split(/\s+/).length
  if (count !== 5) return Result.fail(`it has ${count} fields: minute, hour, day of month, month, day of week are five`)
  return Cron.parse(fields, "UTC").pipe(
    Result.mapError(({ message }) => message),
    Result.flatMap((cron) =>
      Result.flatMap(
        next(cron, 0),
        (first) => first.getTime() > GENERATION_MS ? Result.fail("it never comes") : Result.succeed(cron)
      )
    )
  )
}
