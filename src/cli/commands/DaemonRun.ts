import { Effect } from "effect"
import { Command } from "effect/cli"
import { DaemonProgram } from "../DaemonProgram.ts"

export const daemonRun = Command.make("run", {}, () =>
  Effect.gen(function*() {
    const daemon = yield* DaemonProgram
    yield* daemon.run
  })).pipe(Command.withDescription("Be the daemon, in the foreground, until stopped"))
