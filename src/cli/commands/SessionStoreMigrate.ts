import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { DurableStoreKind } from "../../project/DaemonConfig.ts"
import { succeed } from "../Output.ts"
import { SessionStoreTools } from "../SessionStoreTools.ts"

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`

export const sessionStoreMigrate = Command.make("migrate", {
  from: Flag.Literals("from", DurableStoreKind.literals).pipe(Flag.withDescription("Where the runs are now")),
  to: Flag.Literals("to", DurableStoreKind.literals).pipe(Flag.withDescription("Where they are to be as well"))
}, ({ from, to }) =>
  Effect.gen(function*() {
    if (from === to) {
      const detail = `--from and --to are both ${from}. Name two different stores: animus session-store migrate --help`
      return yield* new InvalidInput({ detail })
    }
    const tools = yield* SessionStoreTools
    const moved = yield* tools.migrate(from, to)
    const { events, runs, sessions, transcripts, unchanged } = moved
    const here = unchanged === 0 ? "" : ` (${unchanged} of them there already)`
    const inUse = (yield* tools.configured) === to
    yield* succeed({ from, to, ...moved }, [
      `${to} has ${counted(runs, "run")} of ${from}, each compared line by line${here}`,
      `new there: ${counted(events, "event")}, ${counted(sessions, "session")}, ${counted(transcripts, "transcript")}`,
      inUse
        ? `${to} is the store that the configuration names. Go on with: animus daemon start`
        : `to use it: set "session_store" to "${to}" under "daemon" in .animus/config.json, then animus daemon start`,
      `what ${from} has was not touched`
    ])
  })).pipe(
    Command.withDescription("Copy every run, session and transcript from one store to another, and compare them")
  )
