import { Effect, FileSystem, Path } from "effect"
import { Command, Flag } from "effect/cli"
import { ProjectScope } from "../../project/ProjectScope.ts"
import { Trust } from "../../project/Trust.ts"
import { succeed } from "../Output.ts"
import { installReferencePlugins } from "../RegisterPlugins.ts"
import { aboutRepository } from "../Repository.ts"
import { sanitizeLine } from "../Sanitize.ts"
import { workflowTemplate } from "../WorkflowTemplate.ts"

const words = (command: string): ReadonlyArray<string> => command.split(/\s+/).filter((word) => word !== "")

const writeTemplate = Effect.fnUntraced(function*(file: string, agent: string, test: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (yield* fs.exists(file)) return false
  yield* fs.makeDirectory(path.dirname(file), { recursive: true })
  yield* fs.writeFileString(file, workflowTemplate({ agent: words(agent), test: words(test) }))
  return true
})

/** Safe to repeat: what is there stays as it is. What init writes itself is trusted; what was there before is not. */
export const init = Command.make("init", {
  agent: Flag.String("agent").pipe(
    Flag.withDefault("claude -p"),
    Flag.withDescription("The agent's command line; it gets the prompt on stdin")
  ),
  test: Flag.String("test").pipe(
    Flag.withDefault("npm test"),
    Flag.withDescription("The command that tells whether the work is good")
  )
}, ({ agent, test }) =>
  Effect.gen(function*() {
    const scope = yield* ProjectScope
    const path = yield* Path.Path
    const fs = yield* FileSystem.FileSystem
    const trust = yield* Trust
    const file = path.join(scope.projectDir, "workflows.yaml")
    const isNew = !(yield* fs.exists(scope.projectDir))
    const created = yield* writeTemplate(file, agent, test)
    const { added: registered, left } = yield* installReferencePlugins
    const trusted = isNew ? (yield* trust.approve).trusted : (yield* trust.status).trusted
    const { lines, repository } = yield* aboutRepository("init")
    const data = { project_root: scope.projectRoot, repository, workflow_file: file, created, registered, trusted }
    yield* succeed(data, [
      ...lines,
      created ? `wrote ${file}` : `kept ${file}`,
      ...registered.map((name) => `installed ${name}, listed in ${path.join(scope.configDir, "plugins.lock")}`),
      ...left.map(({ holder, kind, plugin }) =>
        sanitizeLine(`left out ${plugin}: ${holder} serves subjects of kind "${kind}"`)
      ),
      trusted
        ? "trusted what this project may execute"
        : "not trusted yet: read the .animus folder, then: animus trust",
      "next: animus daemon start"
    ])
  })).pipe(Command.withDescription("Make this repository a project: a first workflow, and the reference plugins"))
