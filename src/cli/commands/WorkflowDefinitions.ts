/** What the workflow files define, without a daemon: workflows by id, and the phases that they go through. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { ControlError } from "../../../schemas/control/ControlError.ts"
import { sameId } from "../../workflow/Merge.ts"
import { Workflows } from "../../workflow/Workflows.ts"
import { succeed } from "../Output.ts"
import { escapeJson } from "../Sanitize.ts"
import { table } from "../Table.ts"

const compiled = Effect.gen(function*() {
  const workflows = yield* Workflows
  return yield* workflows.compile
})

const definitionsList = Command.make("list", {}, () =>
  Effect.gen(function*() {
    const { defaultWorkflow, workflows } = yield* compiled
    const definitions = workflows.map(({ description, id, name, phases, variables }) => ({
      id,
      name,
      description: description ?? null,
      default: id === defaultWorkflow,
      phases: phases.map(({ id }) => id),
      variables
    }))
    const rows = definitions.map(({ id, phases, ...one }) => [id, one.default ? "default" : "", phases.join(" -> ")])
    yield* succeed({ definitions }, table(["WORKFLOW", "", "PHASES"], rows))
  }).pipe(Effect.provide(Workflows.layer))).pipe(Command.withDescription("List the workflows that the files define"))

export const workflowDefinitions = Command.make("definitions").pipe(
  Command.withDescription("The workflows of this project, by id; no daemon is needed"),
  Command.withSubcommands([definitionsList])
)

/** As each workflow uses them: what a phase comes to depends on its entry, too. */
const phases = Effect.map(
  compiled,
  ({ workflows }) => workflows.flatMap((workflow) => workflow.phases.map((phase) => ({ workflow: workflow.id, phase })))
)

const phasesList = Command.make("list", {}, () =>
  Effect.gen(function*() {
    const found = yield* phases
    const rows = found.map(({ phase: { id, mode }, workflow }) => [id, mode, workflow])
    yield* succeed(
      { phases: found.map(({ phase: { id, mode }, workflow }) => ({ id, mode, workflow })) },
      table(["PHASE", "MODE", "WORKFLOW"], rows)
    )
  }).pipe(Effect.provide(Workflows.layer))).pipe(
    Command.withDescription("List the phases that workflows go through, in their order")
  )

const phasesGet = Command.make("get", { id: Argument.String("phase") }, ({ id }) =>
  Effect.gen(function*() {
    const all = yield* phases
    const found = all.filter(({ phase }) => sameId(phase.id, id))
    if (found.length === 0) {
      const known = [...new Set(all.map(({ phase }) => phase.id))].join(", ")
      return yield* new ControlError({
        category: "not_found",
        message: `no workflow goes through a phase "${id}". See: animus workflow phases list${
          known === "" ? "" : ` (${known})`
        }`
      })
    }
    yield* succeed({ phases: found }, [escapeJson(JSON.stringify(found, null, 2))])
  }).pipe(Effect.provide(Workflows.layer))).pipe(
    Command.withDescription("Show a phase as each workflow that uses it would pin it")
  )

export const workflowPhases = Command.make("phases").pipe(
  Command.withDescription("The phases of this project's workflows; no daemon is needed"),
  Command.withSubcommands([phasesList, phasesGet])
)
