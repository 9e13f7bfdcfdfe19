/** The `triggers` section: what may start work from outside, and which workflow it starts. */
import type { TriggerDefinition } from "../../schemas/Trigger.ts"
import { FileWatcherConfig, WebhookConfig } from "../../schemas/TriggerConfigs.ts"
import { AuthoredTrigger } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { fieldOf, itemsOf, type YamlTree } from "./YamlTree.ts"

/** A plugin's own configuration is looked at by the plugin. */
const checkConfig = (type: TriggerDefinition["type"], tree: YamlTree, findings: Findings): void => {
  if (type === "plugin") return
  const config = fieldOf(tree, "config")
  if (config === undefined) {
    const hint = type === "file_watcher" ? "config: { paths: [\"docs/**\"] }" : "config: {} takes 10 events a minute"
    return findings.problem(tree.at, `a trigger of type ${type} needs a config`, hint)
  }
  // What a webhook has beyond these keys is for the plugin that receives it.
  if (type !== "file_watcher") return void findings.decode(WebhookConfig, config)
  findings.decode(FileWatcherConfig, config)
  findings.unread(config, Object.keys(FileWatcherConfig.fields))
}

export const readTriggers = (section: YamlTree | undefined, findings: Findings): ReadonlyArray<TriggerDefinition> =>
  itemsOf(section).flatMap((tree) => {
    const trigger = findings.decode(AuthoredTrigger, tree)
    findings.unread(tree, Object.keys(AuthoredTrigger.fields))
    if (trigger === undefined) return []
    const { config = null, enabled = true, id, input, type, workflow_ref } = trigger
    checkConfig(type, tree, findings)
    return [{ id, type, enabled, workflow_ref, config, ...(input === undefined ? {} : { input }) }]
  })
