import { Effect } from "effect"
import { Command } from "effect/cli"
import { Installation } from "../Installation.ts"
import { succeed } from "../Output.ts"

export const version = Command.make("version", {}, () =>
  Effect.gen(function*() {
    const { version } = yield* Installation
    yield* succeed({ version }, [`animus v${version}`])
  })).pipe(Command.withDescription("Show version information"))
