/**
 * One request to a runner, from its first frame to its answer. Interrupting ends what the runner had begun for it, in the
 * runner, and waits for that; a runner that does not end it in time is ended itself, with all that descends from it.
 */
import { Duration, Effect, Fiber, Option } from "effect"
import { ownFrames } from "../plugin/OwnFrames.ts"
import { PluginHost, type PluginNotification } from "../plugin/PluginHost.ts"
import { CANCEL_METHOD } from "../rpc/Intake.ts"

export interface RunnerRequest<R> {
  readonly plugin: string
  readonly method: "workflow/run_phase" | "workflow/execute"
  readonly params: unknown
  readonly timeout: Duration.Duration
  readonly accepts: (frame: PluginNotification) => boolean
  readonly hand: (batch: ReadonlyArray<PluginNotification>) => Effect.Effect<void, never, R>
}

/** Longer than a command may take to go once it was asked to. */
const END_BOUND = Duration.seconds(10)

export const callRunner = Effect.fn("RunnerCall.call")(
  function*<R>({ accepts, hand, method, params, plugin, timeout }: RunnerRequest<R>) {
    const host = yield* PluginHost
    const { broken, drained } = yield* ownFrames(plugin, accepts, hand)
    let id: number | undefined
    const onId = (named: number) => {
      id = named
    }
    const call = yield* Effect.forkScoped(
      host.call(plugin, method, params, { timeout: Duration.toMillis(timeout), onId })
    )
    const ended = Fiber.await(call)
    const stop = Effect.gen(function*() {
      // Nothing has been asked of it yet.
      if (id === undefined) return yield* Fiber.interrupt(call)
      const asked = Effect.ignore(host.notify(plugin, CANCEL_METHOD, { id }))
      const gone = yield* Effect.timeoutOption(Effect.andThen(asked, ended), END_BOUND)
      if (Option.isSome(gone)) return
      const why = `would not end ${method} within ${Duration.format(END_BOUND)}`
      yield* Effect.logWarning(`plugin ${plugin} ${why}: it is ended and starts anew when it is needed`)
      yield* host.restart(plugin, `its process was ended, for it ${why}`)
      yield* ended
    })
    const exit = yield* Effect.onError(Effect.raceFirst(ended, broken), () => stop)
    yield* drained
    return yield* exit
  },
  Effect.scoped
)
