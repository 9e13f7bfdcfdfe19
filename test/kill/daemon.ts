/**
 * A real daemon that ends itself by SIGKILL at the place that `ANIMUS_TEST_CRASH` names, the nth time it gets there:
 * `phase-completed:2`. Only this program looks at that variable.
 */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { flushCompileCache } from "node:module"
import * as Daemon from "../../layers/Daemon.ts"
import { Disk, type DiskOperations, nodeDisk } from "../../layers/DurableFile.ts"
import * as ScopePaths from "../../layers/ScopePaths.ts"
import { CrashPoint } from "../../src/run/CrashPoint.ts"

// Who is killed would keep nothing for the next.
flushCompileCache()

const [name = "", nth = "1"] = (process.env["ANIMUS_TEST_CRASH"] ?? "").split(":")
let left = Number(nth)

const reach = (at: string) => {
  if (at === name && --left === 0) process.kill(process.pid, "SIGKILL")
}

/** The edges around what makes an append durable. */
const disk: DiskOperations = {
  ...nodeDisk,
  write: (file, bytes, position) => {
    reach("before-write")
    return nodeDisk.write(file, bytes, position)
  },
  sync: async (file, point) => {
    reach("before-sync")
    await nodeDisk.sync(file, point)
    reach("after-sync")
  }
}

NodeRuntime.runMain(
  Daemon.run.pipe(
    Effect.provideService(Disk, disk),
    Effect.provideService(CrashPoint, (at) => Effect.sync(() => reach(at))),
    Effect.provide(ScopePaths.layer({ cwd: process.cwd() }).pipe(Layer.provide(NodeServices.layer)))
  )
)
