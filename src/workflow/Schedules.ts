/** The `schedules` section: which workflow starts when. */
import { Result } from "effect"
import type { ScheduleDefinition } from "../../schemas/Schedule.ts"
import { AuthoredSchedule } from "../../schemas/WorkflowYaml.ts"
import { readCron } from "./CronText.ts"
import type { Findings } from "./Findings.ts"
import { entryOf, itemsOf, placeOf, type YamlTree } from "./YamlTree.ts"

export const readSchedules = (section: YamlTree | undefined, findings: Findings): ReadonlyArray<ScheduleDefinition> =>
  itemsOf(section).flatMap((tree) => {
    const command = entryOf(tree, "command")
    if (command !== undefined) {
      findings.problem(command.at, "a schedule starts a workflow, not a command", "put the command into a phase")
    }
    const schedule = findings.decode(AuthoredSchedule, tree)
    findings.unread(tree, [...Object.keys(AuthoredSchedule.fields), "command"])
    if (schedule === undefined) return []
    const { cron, enabled = true, id, input, workflow_ref } = schedule
    const read = readCron(cron)
    if (Result.isFailure(read)) {
      return findings.problem(
        placeOf(tree, ["cron"]),
        `cron "${cron}" cannot be read: ${read.failure}`,
        "as in \"30 6 * * 1-5\", in UTC"
      ) ?? []
    }
    return [{ id, cron, workflow_ref, enabled, ...(input === undefined ? {} : { input }) }]
  })
