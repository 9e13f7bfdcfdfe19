/** The plugin as a value, so that a test can host it without a process. */
import { Effect } from "effect"
import { join } from "node:path"
import { env } from "node:process"
import { definePlugin, type Host, PluginFailure, subjectBackend } from "../../src/sdk/Sdk.ts"
import { makeBacklog } from "./Backlog.ts"

const STATE_DIR = "ANIMUS_STATE_DIR"

/** Never the project's tracked files: the daemon names a folder of its own, and without one it is the project's state folder. */
const fileFor = ({ project }: Host): Effect.Effect<string, PluginFailure> => {
  const folder = env[STATE_DIR]
  if (folder !== undefined && folder !== "") return Effect.succeed(join(folder, "subjects.json"))
  if (project !== undefined) return Effect.succeed(join(project.project_root, ".animus", "state", "subjects.json"))
  const message = `no place to keep subjects: set ${STATE_DIR}, or send init_extensions.project_binding`
  return Effect.fail(new PluginFailure({ category: "invalid_request", message }))
}

export const subjects = definePlugin({
  manifest: {
    name: "animus-subject-default",
    version: "0.1.0",
    plugin_kind: "subject_backend",
    description: "Tasks and requirements of a project, kept in one local file",
    env_required: [{ name: STATE_DIR, description: "Folder that keeps subjects.json" }]
  },
  serves: subjectBackend({
    kinds: ["task", "requirement"],
    supports: ["create", "update", "next", "status", "delete", "watch"],
    open: (host) => Effect.flatMap(fileFor(host), makeBacklog)
  })
})
