/** The `triggers` section: what may start work from outside, and which workflow it starts. */
import type { TriggerDefinition } from "../../schemas/Trigger.ts"
import { AuthoredTrigger } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { itemsOf, type YamlTree } from "./YamlTree.ts"

export const readTriggers = (section: YamlTree | undefined, findings: Findings): ReadonlyArray<TriggerDefinition> =>
  itemsOf(section).flatMap((tree) => {
    const trigger = findings.decode(AuthoredTrigger, tree)
    findings.unread(tree, Object.keys(AuthoredTrigger.fields))
    if (trigger === undefined) return []
    const { config = null, enabled = true, id, input, type, workflow_ref } = trigger
    return [{ id, type, enabled, workflow_ref, config, ...(input === undefined ? {} : { input }) }]
  })
