/** The text of `plugins.yaml` as data; what is no YAML is refused with its place. */
import { Effect } from "effect"
import { parse } from "yaml"
import { ConfigInvalid } from "../../schemas/errors/DaemonErrors.ts"

/** The parser's first line names the place; the rest draws it. */
const wordsOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split("\n")[0]?.replace(/:$/, "") ?? ""

export const parseRegistry = (path: string, text: string) =>
  Effect.try({
    try: (): unknown => parse(text) ?? {},
    catch: (cause) => new ConfigInvalid({ path, detail: wordsOf(cause) })
  })
