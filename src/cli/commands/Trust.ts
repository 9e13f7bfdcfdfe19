import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { Trust } from "../../project/Trust.ts"
import { succeed } from "../Output.ts"
import { sanitizeLine } from "../Sanitize.ts"

export const trust = Command.make("trust", {
  show: Flag.Boolean("show").pipe(Flag.withDefault(false), Flag.withDescription("Only say how things stand")),
  revoke: Flag.Boolean("revoke").pipe(Flag.withDefault(false), Flag.withDescription("Withdraw the approval"))
}, ({ revoke, show }) =>
  Effect.gen(function*() {
    const trust = yield* Trust
    if (revoke) yield* trust.revoke
    const status = yield* revoke || show ? trust.status : trust.approve
    const files = status.files.map((file) => `  ${sanitizeLine(file)}`)
    yield* succeed(
      { trusted: status.trusted, hash: status.hash, files: status.files },
      status.trusted
        ? ["trusted, as these files stand now; a change in any of them withdraws it:", ...files]
        : ["not trusted: nothing of this project is executed. After reading these files: animus trust", ...files]
    )
  })).pipe(Command.withDescription("Approve what this project would have executed, as it stands now"))
