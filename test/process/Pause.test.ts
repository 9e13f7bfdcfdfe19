/** A pause is an operator's word: it holds until the operator takes it back, whatever becomes of the daemon meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { askingOnce, Workplace } from "./Workplace.ts"

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a paused daemon", () => {
  it("is still paused after it was killed, or stopped, and goes on when it is told to", async () => {
    const here = new Workplace(askingOnce)
    place = here
    const paused = () => [here.answer("daemon", "status").paused, here.answer("status").daemon.paused]
    here.start()
    assert.deepStrictEqual(paused(), [false, false])
    const { id } = await here.ask("subject/create", { kind: "task", title: "Ask" })
    here.answer("daemon", "pause")
    assert.include(here.animus("status").stdout, "paused: nothing of the queue is started until animus daemon resume")

    here.kill()
    here.start()
    assert.deepStrictEqual(paused(), [true, true])
    here.answer("queue", "enqueue", id)
    here.answer("daemon", "stop", "--shutdown-timeout-secs", "5")
    here.start()
    assert.deepStrictEqual(paused(), [true, true])
    assert.deepInclude(here.answer("queue", "stats"), { ready: 1, in_flight: 0 })

    here.answer("daemon", "resume")
    await until(
      "the run waits for its gate",
      async () => (await here.ask("workflow/list", { status: "paused" })).runs.length === 1
    )
    here.answer("daemon", "stop", "--shutdown-timeout-secs", "5")
    here.start()
    assert.deepStrictEqual(paused(), [false, false])
  })
})
