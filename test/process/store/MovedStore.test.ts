/** A project that changes its session store in the middle of a run, as an operator would do it. */
import { assert, describe, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { operator } from "../Typed.ts"
import { Workplace } from "../Workplace.ts"

const workflows = `
default_workflow_ref: ask
phases: { gate: { mode: manual, manual: { instructions: "Go on?" } } }
workflows: [{ id: ask, phases: [gate] }]
`

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a project whose runs move to SQLite", () => {
  it("goes on there with the run that waited, and says so offline, too", { timeout: 120_000 }, async () => {
    const here = new Workplace(workflows)
    const { answer, type } = operator(here)
    place = here
    here.start()
    const run = await here.begin()
    await here.settled(run)
    const status = () => answer("session-store", "status")
    const daemon = await here.ask("daemon/status", {})
    assert.deepInclude(await status(), { store: "file", runs: 1, unfinished: 1, held_by: `pid ${daemon.pid}` })
    const move = ["session-store", "migrate", "--from", "file", "--to", "sqlite"]
    const early = await type(...move)
    assert.strictEqual(early.status, 4)
    assert.match(early.stderr, /another daemon .*end it with: animus daemon stop/)
    here.kill()

    const moved = await type(...move)
    assert.strictEqual(moved.status, 0, moved.stderr)
    assert.match(
      moved.stdout,
      /sqlite has 1 run of file, each compared line by line\n[^]*to use it: set "session_store" to "sqlite"/
    )
    assert.strictEqual((await answer(...move)).unchanged, 1)
    assert.strictEqual((await type("session-store", "migrate", "--from", "file", "--to", "file")).status, 2)
    here.write(".animus/config.json", `{ "daemon": { "session_store": "sqlite" } }`)
    const listed = async () =>
      (await answer("workflow", "list")).runs.map(({ status }: { readonly status: string }) => status)
    assert.deepStrictEqual(await listed(), ["paused"])

    here.start()
    await here.settled(run)
    await answer("workflow", "approve", run, "gate")
    assert.strictEqual((await type("workflow", "watch", run)).status, 0)
    assert.match((await answer("workflow", "get", run)).detail.location, /runs\.sqlite$/)
    await answer("daemon", "stop")
    assert.deepStrictEqual(await listed(), ["completed"])
    assert.deepInclude(await status(), { store: "sqlite", runs: 1, unfinished: 0 })
    assert.notProperty(await status(), "held_by")
    const { stdout } = await type("session-store", "status")
    assert.match(stdout, /runs +1, 0 of them unfinished\n *size +[1-9]\d* kB\n *lock +free: no daemon runs/)
    // The files were left as they were.
    here.write(".animus/config.json", "{}")
    assert.deepStrictEqual(await listed(), ["paused"])
    assert.strictEqual((await type("session-store", "migrate", "--from", "sqlite", "--to", "file")).status, 0)
    assert.deepStrictEqual(await listed(), ["completed"])
  })
})
