/** A plugin that never stops talking takes its share of the log and no more: the daemon's own words stay in it. */
import { assert, describe, it } from "@effect/vitest"
import { statSync } from "node:fs"
import { dirname, join } from "node:path"
import { afterEach } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { askingOnce, Workplace } from "./Workplace.ts"

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a plugin that floods the log", () => {
  it("is bounded, told of in one line, and found by its name", async () => {
    const here = new Workplace(askingOnce)
    place = here
    here.install("animus-plugin-flooder", fixture("floods-the-log"), fixture("speak"))
    here.start()
    const { answer, type } = operator(here)
    const log: string = (await answer("daemon", "status")).log_path
    const started = performance.now()
    await answer("plugin", "ping", "animus-plugin-flooder")
    const told = () => here.read(log).includes("records of plugin animus-plugin-flooder were dropped")
    await until("it is said what was dropped", told)
    const seconds = (performance.now() - started) / 1000
    assert.include(here.read(log), "daemon_startup")
    assert.isBelow(statSync(log).size, 2 * (512 + 16 * seconds) * 1024)
    assert.notInclude(here.read(join(dirname(log), "events.jsonl.1")), "f")
    const { stdout } = await type("logs", "--plugin", "animus-plugin-flooder")
    assert.include(stdout, "ffff")
    assert.notInclude(stdout, "daemon_startup")
  })
})
