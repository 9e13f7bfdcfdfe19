/** The `animus` program: arguments in, exit code out. */
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Exit, Logger } from "effect"
import { dirname, join } from "node:path"
import { argv, execPath, exit, stderr, stdout } from "node:process"
import * as Cli from "../layers/Cli.ts"
import manifest from "../package.json" with { type: "json" }
import { Installation } from "../src/cli/Installation.ts"
import { main } from "../src/cli/Main.ts"

const [, program = "", ...args] = argv
const root = dirname(dirname(program))
const plugin = (name: string) => join(root, "dist", "plugins", name)

const installation = Installation.of({
  version: manifest.version,
  self: [execPath, program],
  referencePlugins: [
    { name: "animus-subject-default", section: "plugins", path: plugin("animus-subject-default") },
    { name: "animus-provider-exec", section: "providers", path: plugin("animus-provider-exec") },
    {
      name: "animus-workflow-runner-default",
      section: "plugins",
      path: plugin("animus-workflow-runner-default")
    }
  ],
  demoAgent: join(root, "dist", "demo-agent.mjs")
})

// A reader that has seen enough (`| head`) is no failure.
stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") exit(0)
  throw error
})

const exitCodeOf = (done: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(done) && typeof done.value === "number" ? done.value : 130

/** A pipe takes no more than its reader has room for: what was said leaves before this process does. */
const leave = (code: number) => stdout.write("", () => stderr.write("", () => exit(code)))

NodeRuntime.runMain(
  main(args, manifest.version, Cli.layer).pipe(
    Effect.provide(Cli.ground),
    Effect.provideService(Installation, installation),
    Effect.provideService(Logger.LogToStderr, true)
  ),
  // A stranger's process that holds a pipe of ours must not keep this one from ending.
  { disableErrorReporting: true, teardown: (done) => leave(exitCodeOf(done)) }
)
