/** A client that knows nothing but bytes. */
import { Effect } from "effect"
import { channelPair } from "../../layers/ControlMemory.ts"
import type { Channel } from "../../src/control/Channel.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"

export const wireOf = (client: Channel) => {
  const decoder = new TextDecoder()
  let text = ""
  const line: Effect.Effect<string> = Effect.suspend(() => {
    const end = text.indexOf("\n")
    if (end >= 0) {
      const found = text.slice(0, end)
      text = text.slice(end + 1)
      return Effect.succeed(found)
    }
    return Effect.flatMap(client.read, (chunks) => {
      for (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
      return line
    })
  }).pipe(Effect.orDie)
  return {
    send: (bytes: string) => Effect.orDie(client.write(bytes)),
    line,
    lines: (count: number) => Effect.replicateEffect(line, count)
  }
}

/** A raw connection to the server under test. */
export const connect = Effect.gen(function*() {
  const control = yield* ControlServer
  const { client, server } = yield* channelPair
  yield* Effect.forkScoped(control.serve(server))
  return wireOf(client)
})
