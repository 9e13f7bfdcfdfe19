import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { readRun } from "../../control/RunPages.ts"
import { OfflineFiles, orOffline } from "../OfflineFiles.ts"
import { succeed } from "../Output.ts"
import { runText } from "../render/RunText.ts"
import { runId } from "../SharedFlags.ts"

export const workflowGet = Command.make("get", { id: runId }, ({ id }) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const files = yield* OfflineFiles
    const { offline, value: run } = yield* orOffline(
      control["workflow/get"]({ id }),
      Effect.flatMap(files.store, (store) => readRun(store, id))
    )
    yield* succeed(run, runText(run), { offline })
  }).pipe(Effect.scoped)).pipe(
    Command.withDescription("Show one run: its phases, what it waits for, and what to type next")
  )
