/** A pause is an operator's word: it holds until the operator takes it back, whatever becomes of the daemon meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { askingOnce, Workplace } from "./Workplace.ts"

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a paused daemon", () => {
  it("is still paused after it was killed, or stopped, and goes on when it is told to", async () => {
    const here = new Workplace(askingOnce)
    place = here
    const { answer, type } = operator(here)
    const paused = async () => [(await answer("daemon", "status")).paused, (await answer("status")).daemon.paused]
    here.start()
    assert.deepStrictEqual(await paused(), [false, false])
    const { id } = await here.ask("subject/create", { kind: "task", title: "Ask" })
    await answer("daemon", "pause")
    assert.include((await type("status")).stdout, "paused: nothing of the queue is started until animus daemon resume")

    here.kill()
    here.start()
    assert.deepStrictEqual(await paused(), [true, true])
    await answer("queue", "enqueue", id)
    await here.stopped()
    here.start()
    assert.deepStrictEqual(await paused(), [true, true])
    assert.deepInclude(await answer("queue", "stats"), { ready: 1, in_flight: 0 })

    await answer("daemon", "resume")
    await until(
      "the run waits for its gate",
      async () => (await here.ask("workflow/list", { status: "paused" })).runs.length === 1
    )
    await here.stopped()
    here.start()
    assert.deepStrictEqual(await paused(), [false, false])
  })
})
