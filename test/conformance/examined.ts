/** A plugin in real processes, examined from this one: what `animus plugin test` does between its arguments and its words. */
import { NodeServices } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { execFileSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import * as PluginProcessChild from "../../layers/PluginProcessChild.ts"
import * as ProcessTableLinux from "../../layers/ProcessTableLinux.ts"
import { examine } from "../../src/conformance/Conformance.ts"

/** `npm run test:faults`: every plugin is asked everything, where otherwise what is its own is enough. */
export const isWhole = process.env["ANIMUS_TEST_WHOLE"] === "1"

/** Itself: what a version manager puts in its place may take longer to start than a plugin. */
const python = () => execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim()

export const environmentIn = (folder: string) => ({
  PATH: [dirname(process.execPath), dirname(python()), process.env["PATH"]].join(":"),
  HOME: folder,
  ANIMUS_CONFIG_DIR: join(folder, "config")
})

/** Whatever works in a folder of one of these tests was started by it. */
export const processesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`HOME=${folder}\0`)
    } catch {
      // It has ended, or is somebody else's.
      return false
    }
  })

const services = PluginProcessChild.layer.pipe(
  Layer.provideMerge(ProcessTableLinux.layer),
  Layer.provideMerge(NodeServices.layer),
  // Who left something running is told by a case.
  Layer.merge(Logger.layer([]))
)

export interface Asked {
  readonly env: Readonly<Record<string, string>>
  readonly timeout: number
  /** Everything, where it is not given. */
  readonly only?: ReadonlyArray<string> | undefined
}

export const examined = (program: string, { env, only, timeout }: Asked) =>
  examine({ target: { label: program, command: [program], env }, timeout, only, cookie: `test-${randomUUID()}` }).pipe(
    Effect.map(({ cases, summary }) => ({ summary, failed: cases.filter(({ status }) => status === "fail") })),
    Effect.provide(services)
  )

export const passes = (program: string, asked: Asked) =>
  Effect.map(examined(program, asked), ({ failed, summary }) => {
    assert.deepStrictEqual(failed, [])
    assert.isAbove(summary.passed, asked.only === undefined ? 30 : 1)
  })
