/** A whole subject plugin: every line `- [ ] …` of the project's TODO.md, if there is one, is a subject of kind `todo`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import { Effect, Option, Runtime } from "effect"
import { existsSync } from "node:fs"
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { exit } from "node:process"
import { Subject, SubjectSchema } from "../../schemas/Subject.ts"
import { definePlugin, type Host, PluginFailure, serve, subjectBackend } from "../../src/sdk/Sdk.ts"

const readTodos = async (file: string) => {
  if (!existsSync(file)) return []
  const [text, { mtime }] = await Promise.all([readFile(file, "utf8"), stat(file)])
  const at = mtime.toISOString()
  return [...text.matchAll(/^- \[([ x])\] (.+)$/gm)].map(([, mark, title = ""], index) =>
    Subject.make({
      id: `todo:${index + 1}`,
      kind: "todo",
      title,
      status: mark === "x" ? "done" : "ready",
      created_at: at,
      updated_at: at
    })
  )
}

const open = ({ project }: Host) => {
  const file = join(project?.project_root ?? ".", "TODO.md")
  const todos = Effect.tryPromise({
    try: () => readTodos(file),
    catch: (cause) => new PluginFailure({ category: "unavailable", message: `cannot read ${file}: ${String(cause)}` })
  })
  return Effect.succeed({
    schema: SubjectSchema.make({ kinds: ["todo"], status_values: ["ready", "done"] }),
    list: () => Effect.map(todos, (subjects) => ({ subjects })),
    get: (id: string) => Effect.map(todos, (all) => Option.fromUndefinedOr(all.find((todo) => todo.id === id)))
  })
}

const todos = definePlugin({
  manifest: {
    name: "animus-subject-todo",
    version: "0.1.0",
    plugin_kind: "subject_backend",
    description: "The open boxes of TODO.md"
  },
  serves: subjectBackend({ kinds: ["todo"], supports: [], open })
})

NodeRuntime.runMain(Effect.provide(serve(todos), NodeStdio.layer), {
  teardown: (result) => Runtime.defaultTeardown(result, exit)
})
