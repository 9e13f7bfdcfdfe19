/** Errors of the services, as the control surface words them: the category decides, the message stays what it was. */
import { Effect, Schema, Stream } from "effect"
import type { Categorized } from "../../schemas/Category.ts"
import { ControlError } from "../../schemas/control/ControlError.ts"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { PluginRefused, VariablesMissing } from "../../schemas/errors/PluginErrors.ts"
import { RunNotFound, WorkflowInvalid } from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { JsonObject } from "../../schemas/Json.ts"

/** What a program can use beyond the category. */
const detailsOf = (error: Categorized): JsonObject => {
  if (error instanceof WorkflowInvalid) return { error: error._tag, problems: error.problems }
  if (error instanceof PluginRefused) return { error: error._tag, plugin: error.plugin, plugin_code: error.code }
  if (error instanceof VariablesMissing) {
    return { error: error._tag, plugin: error.plugin, variables: error.variables.map(({ name }) => name) }
  }
  return { error: error._tag }
}

export const toControlError = (error: Categorized): ControlError =>
  error instanceof ControlError
    ? error
    : new ControlError({ category: error.category, message: error.message, data: detailsOf(error) })

export const answer = <A, E extends Categorized, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.mapError(effect, toControlError)

/** For calls whose answer says nothing. */
export const done = <A, E extends Categorized, R>(effect: Effect.Effect<A, E, R>) => answer(Effect.as(effect, {}))

export const answerStream = <A, E extends Categorized, R>(stream: Stream.Stream<A, E, R>) =>
  Stream.mapError(stream, toControlError)

export const invalid = (detail: string) => new InvalidInput({ detail })

const isRunId = Schema.is(RunId)

/** A run by the name a client gave it; what cannot be a run's name names none. */
export const runIdOf = (id: string): Effect.Effect<RunId, RunNotFound> =>
  isRunId(id) ? Effect.succeed(id) : Effect.fail(new RunNotFound({ run: id }))
