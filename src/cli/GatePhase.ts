/** The phase a decision is about: the one that was named, or the one whose gate is open. */
import { Effect, Option, Schema } from "effect"
import { RunDetail } from "../../schemas/control/RunDetail.ts"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../control/ControlClient.ts"

export const gatePhase = Effect.fnUntraced(function*(id: string, named: Option.Option<string>) {
  if (Option.isSome(named)) return named.value
  const control = yield* ControlClient
  const run = yield* control["workflow/get"]({ id })
  const gate = Option.flatMapNullishOr(Schema.decodeUnknownOption(RunDetail)(run.detail), (detail) => detail.gate)
  if (Option.isSome(gate)) return gate.value.phase
  return yield* new InvalidInput({ detail: `run ${id} waits for no decision. See: animus workflow get ${id}` })
})
