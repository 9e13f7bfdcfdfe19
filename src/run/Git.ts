/** Git, as this daemon asks it: without a terminal, and never longer than anything takes. */
import { Effect, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { baseEnvironment } from "../plugin/PluginEnvironment.ts"
import { HostEnvironment, markOf } from "../project/HostEnvironment.ts"

/** A checkout of a large repository takes its time. */
const DEADLINE = "10 minutes"

export const git = Effect.fnUntraced(
  function*(folder: string, ...args: ReadonlyArray<string>) {
    const host = yield* HostEnvironment
    const handle = yield* ChildProcess.make("git", ["-C", folder, ...args], {
      env: { ...baseEnvironment(host.env), ...markOf(host), LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" },
      extendEnv: false,
      stdin: "ignore"
    })
    const said = yield* Stream.mkString(Stream.decodeText(handle.all))
    const code: number = yield* handle.exitCode
    return { ok: code === 0, said: said.trim() }
  },
  Effect.scoped,
  Effect.timeout(DEADLINE),
  Effect.catch(({ message }) => Effect.succeed({ ok: false, said: `git could not be run: ${message}` }))
)
