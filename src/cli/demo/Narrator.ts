/** What the demo tells a person while it goes on. With `--json` it tells nothing until the end. */
import { Console, Effect } from "effect"
import { Json } from "../GlobalFlags.ts"

export const narrate = Effect.fnUntraced(function*(...lines: ReadonlyArray<string>) {
  if (yield* Json) return
  yield* Console.log(lines.join("\n"))
})

export const chapter = (title: string) => narrate("", `== ${title}`)
