/** A project that changes its session store in the middle of a run, as an operator would do it. */
import { assert, describe, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { Workplace } from "../Workplace.ts"

const workflows = `
default_workflow_ref: ask
phases: { gate: { mode: manual, manual: { instructions: "Go on?" } } }
workflows: [{ id: ask, phases: [gate] }]
`

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a project whose runs move to SQLite", () => {
  it("goes on there with the run that waited, and says so offline, too", { timeout: 120_000 }, () => {
    const here = new Workplace(workflows)
    place = here
    here.start()
    const { id } = here.answer("subject", "create", "--title", "one")
    const run = here.answer("workflow", "run", id).workflow_id
    here.answer("workflow", "list")
    const status = () => here.answer("session-store", "status")
    const daemon = here.answer("daemon", "status")
    assert.deepInclude(status(), { store: "file", runs: 1, unfinished: 1, held_by: `pid ${daemon.pid}` })
    const move = ["session-store", "migrate", "--from", "file", "--to", "sqlite"]
    const early = here.animus(...move)
    assert.strictEqual(early.status, 4)
    assert.match(early.stderr, /another daemon .*end it with: animus daemon stop/)
    here.kill()

    const moved = here.animus(...move)
    assert.strictEqual(moved.status, 0, moved.stderr)
    assert.match(
      moved.stdout,
      /sqlite has 1 run of file, each compared line by line\n[^]*to use it: set "session_store" to "sqlite"/
    )
    assert.strictEqual(here.answer(...move).unchanged, 1)
    assert.strictEqual(here.animus("session-store", "migrate", "--from", "file", "--to", "file").status, 2)
    here.write(".animus/config.json", `{ "daemon": { "session_store": "sqlite" } }`)
    const listed = () => here.answer("workflow", "list").runs.map(({ status }: { readonly status: string }) => status)
    assert.deepStrictEqual(listed(), ["paused"])

    here.start()
    here.answer("workflow", "approve", run, "gate")
    assert.strictEqual(here.animus("workflow", "watch", run).status, 0)
    assert.match(here.answer("workflow", "get", run).detail.location, /runs\.sqlite$/)
    here.answer("daemon", "stop")
    assert.deepStrictEqual(listed(), ["completed"])
    assert.deepInclude(status(), { store: "sqlite", runs: 1, unfinished: 0 })
    assert.notProperty(status(), "held_by")
    const { stdout } = here.animus("session-store", "status")
    assert.match(stdout, /runs +1, 0 of them unfinished\n *size +[1-9]\d* kB\n *lock +free: no daemon runs/)
    // The files were left as they were.
    here.write(".animus/config.json", "{}")
    assert.deepStrictEqual(listed(), ["paused"])
    assert.strictEqual(here.animus("session-store", "migrate", "--from", "sqlite", "--to", "file").status, 0)
    assert.deepStrictEqual(listed(), ["completed"])
  })
})
