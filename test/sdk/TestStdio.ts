/** Standard input and output of a program in a test; what it prints is kept. */
import { Effect, Sink, Stdio, type Stream } from "effect"

interface Given {
  readonly args: ReadonlyArray<string>
  readonly stdin: Stream.Stream<Uint8Array>
  readonly terminal?: boolean
}

export const TestStdio = ({ args, stdin, terminal = false }: Given) => {
  const printed = { stdout: new Array<string>(), stderr: new Array<string>() }
  const into = (lines: Array<string>) => () =>
    Sink.forEach((text: string | Uint8Array) => Effect.sync(() => void lines.push(String(text))))
  const stdio = Stdio.make({
    args: Effect.succeed(args),
    stdinIsTerminal: Effect.succeed(terminal),
    stdin,
    stdout: into(printed.stdout),
    stderr: into(printed.stderr)
  })
  return { printed, stdio }
}
