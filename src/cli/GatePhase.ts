/** The phase a decision is about: the one that was named, or the one whose gate is open. */
import { Effect, Option, Schema } from "effect"
import { RunDetail } from "../../schemas/control/RunDetail.ts"
import { IllegalTransition } from "../../schemas/errors/RunErrors.ts"
import { ControlClient } from "../control/ControlClient.ts"

export const gatePhase = Effect.fnUntraced(
  function*(command: "approve" | "reject", id: string, named: Option.Option<string>) {
    if (Option.isSome(named)) return named.value
    const control = yield* ControlClient
    const run = yield* control["workflow/get"]({ id })
    const detail = Schema.decodeUnknownOption(RunDetail)(run.detail)
    const gate = Option.flatMapNullishOr(detail, ({ gate }) => gate)
    if (Option.isSome(gate)) return gate.value.phase
    return yield* new IllegalTransition({
      run: id,
      command,
      state: Option.match(detail, { onNone: () => run.status, onSome: ({ state }) => state }),
      next: `It waits for no decision. See: animus workflow get ${id}`
    })
  }
)
