import { Clock, Effect, FileSystem, Path } from "effect"
import { Command, Flag } from "effect/cli"
import { DemoFailed } from "../../../schemas/errors/DaemonErrors.ts"
import { ProcessTable } from "../../project/ProcessTable.ts"
import { tell } from "../demo/Demo.ts"
import { type DemoFolder, exec } from "../demo/DemoShell.ts"
import { artefacts, report } from "../demo/Report.ts"
import { Installation } from "../Installation.ts"
import { succeed } from "../Output.ts"

const makeFolder = Effect.fnUntraced(function*(keep: boolean) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const make = keep ? fs.makeTempDirectory : fs.makeTempDirectoryScoped
  const root = yield* Effect.flatMap(make({ prefix: "animus-demo-" }), fs.realPath)
  const folder = { root, project: path.join(root, "project"), state: path.join(root, "state") }
  yield* fs.makeDirectory(folder.project)
  yield* fs.makeDirectory(folder.state, { mode: 0o700 })
  return folder
})

/** Also after a failure: a demo leaves no daemon behind. */
const stopDaemon = Effect.fnUntraced(function*(folder: DemoFolder) {
  const { self: [command, ...prefix] } = yield* Installation
  yield* exec(folder, command, [...prefix, "daemon", "stop", "--shutdown-timeout-secs", "5"])
}, (effect) => Effect.ignore(effect))

const checkProcesses = Effect.fnUntraced(function*(folder: DemoFolder) {
  const processes = yield* ProcessTable
  const left = yield* processes.workingIn(folder.root)
  if (left.length === 0) return
  return yield* new DemoFailed({
    detail: `processes are left: ${left.map(({ command, pid }) => `${pid} ${command}`).join(", ")}`
  })
})

export const demo = Command.make("demo", {
  keep: Flag.Boolean("keep").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Leave the scratch repository and its state")
  ),
  crash: Flag.Boolean("crash").pipe(
    Flag.withDefault(true),
    Flag.withDescription("Kill the daemon in the middle of it")
  ),
  pace: Flag.Int("pace").pipe(
    Flag.withDefault(40),
    Flag.withDescription("Milliseconds the agent rests between its tries")
  )
}, ({ crash, keep, pace }) =>
  Effect.gen(function*() {
    const began = yield* Clock.currentTimeMillis
    const folder = yield* makeFolder(keep)
    const told = yield* Effect.ensuring(tell(folder, { crash, pace }), stopDaemon(folder))
    yield* checkProcesses(folder)
    const took = (yield* Clock.currentTimeMillis) - began
    const { detail: run, ...rest } = told
    yield* succeed(
      { ...rest, run, took_ms: took, artefacts: artefacts(folder, told) },
      report(folder, told, took, keep)
    )
  }).pipe(Effect.scoped)).pipe(
    Command.withDescription("See it all once: a failing program, a run that mends it, a killed daemon, a recovery")
  )
