/** A plugin's stderr as lines, read to its end whatever it holds: an unread pipe would block the plugin. */
import { Effect, Stream } from "effect"
import { LineSplitter } from "../rpc/LineSplitter.ts"

const MAX_LINE_BYTES = 16 * 1024

export const readLines =
  (onLine: (line: string) => Effect.Effect<void>) => <E>(stderr: Stream.Stream<Uint8Array, E>): Effect.Effect<void> => {
    let lines: Array<string> = []
    const splitter = new LineSplitter({
      line: (text) => lines.push(text),
      oversized: (head) => lines.push(`${head}... (a line of more than ${MAX_LINE_BYTES} bytes)`)
    }, MAX_LINE_BYTES)
    const flush = Effect.suspend(() => {
      const taken = lines
      lines = []
      return Effect.forEach(taken, onLine, { discard: true })
    })
    return Stream.runForEach(stderr, (chunk) => Effect.andThen(Effect.sync(() => splitter.push(chunk)), flush)).pipe(
      // A broken pipe ends what there is to read; how the process ended is told elsewhere.
      Effect.ignore,
      Effect.andThen(Effect.sync(() => splitter.end())),
      Effect.andThen(flush)
    )
  }
