/**
 * How the connection to one process ends: by itself, which is noticed, and its last frames and words are waited for a
 * moment; or because this daemon ends it, which it is told before it is made to. Either way its owners get all it wrote.
 */
import { Effect, Fiber, Option, type Scope } from "effect"
import { ConnectionLost, PluginCrashed } from "../../schemas/errors/PluginErrors.ts"
import type { JsonRpcPeer } from "../rpc/JsonRpcPeer.ts"
import type { PluginFanout } from "./PluginFanout.ts"
import type { PluginLog } from "./PluginLog.ts"
import type { PluginExit, PluginPipes } from "./PluginProcess.ts"
import { readLines } from "./StderrLines.ts"

/** One process as the host has it in hand. */
export interface Held {
  readonly plugin: string
  readonly pipes: PluginPipes
  readonly peer: JsonRpcPeer
  readonly fanout: PluginFanout
  readonly log: PluginLog
}

export interface End {
  /** Waits until nothing more can be asked of it, and says why. */
  readonly over: Effect.Effect<ConnectionLost>
  /** Waits for the same and for its last words: how it ended. */
  readonly lastWords: Effect.Effect<PluginCrashed | ConnectionLost>
}

const STEP_MILLIS = 2_000
/** How long the end of the one may come after that of the other; a grandchild can hold a pipe open for ever. */
const LAST_WORDS = "1 second"

const howItEnded = ({ code, signal }: PluginExit): string =>
  signal === undefined ? `it ended with exit code ${code}` : `it was ended by ${signal}`

/** Frames that are still in the pipe are waited for; a grandchild that holds it open is not, and no owner is. */
const handOver = ({ fanout, peer }: Held): Effect.Effect<void> =>
  Effect.andThen(fanout.drain, Effect.raceFirst(peer.read, fanout.quiet))

export const watchEnd = Effect.fnUntraced(function*(held: Held): Effect.fn.Return<End, never, Scope.Scope> {
  const { log, peer, pipes, plugin } = held
  let lastLine = ""
  const onLine = (line: string) => {
    lastLine = line
    return log.stderr(line)
  }
  const stderr = yield* Effect.forkScoped(readLines(onLine)(pipes.stderr))
  const lost = (detail: string) => new ConnectionLost({ plugin, detail })
  const over = Effect.raceFirst(
    Effect.map(peer.closed, ({ reason }) => lost(reason)),
    Effect.as(pipes.exit, lost("its process ended"))
  )
  const lastWords = Effect.gen(function*() {
    const { detail } = yield* over
    yield* handOver(held)
    const exited = yield* Effect.timeoutOption(pipes.exit, LAST_WORDS)
    if (Option.isNone(exited)) return lost(`${detail}, though its process lives on`)
    yield* Effect.timeoutOption(Fiber.await(stderr), LAST_WORDS)
    const words = lastLine === "" ? "" : ` (its last words: ${lastLine.slice(0, 200)})`
    return new PluginCrashed({ plugin, detail: howItEnded(exited.value) + words })
  })
  return { over, lastWords }
})

/** Best effort at every step: what does not answer or listen is ended by the closing of the process's own scope. */
export const leave = (held: Held): Effect.Effect<unknown> => {
  const { fanout, peer, pipes } = held
  return Effect.ignore(peer.request("shutdown", undefined, { timeout: STEP_MILLIS })).pipe(
    Effect.andThen(Effect.ignore(peer.notify("exit", undefined, { timeout: STEP_MILLIS }))),
    Effect.andThen(Effect.timeoutOption(peer.drained, STEP_MILLIS)),
    Effect.andThen(pipes.closeStdin),
    Effect.andThen(Effect.timeoutOption(pipes.exit, STEP_MILLIS)),
    // What it still had to say is its owners'; where there are none it is ended at once.
    Effect.andThen(Effect.suspend(() => fanout.isOwned() ? handOver(held) : Effect.void))
  )
}
