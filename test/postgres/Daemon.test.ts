/** A real daemon whose runs are in PostgreSQL. */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { afterEach, inject, vi } from "vitest"
import { Workplace } from "../process/Workplace.ts"

const workflows = `
default_workflow_ref: ask
tools_allowlist: [sh]
phases:
  look: { mode: command, command: { program: sh, args: [-c, "env > seen"] } }
  gate: { mode: manual, manual: { instructions: "Go on?" } }
workflows: [{ id: ask, phases: [look, gate] }]
`

const [psql = "psql"] = ["/usr/lib/postgresql/15/bin/psql", "/usr/bin/psql"].filter((path) => existsSync(path))

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a daemon over PostgreSQL", () => {
  it("remembers, keeps the URL to itself, and ends at once when it loses its lock", { timeout: 120_000 }, async () => {
    const here = new Workplace(workflows)
    place = here
    const url = inject("postgres")
    here.write(".animus/config.json", `{ "daemon": { "session_store": "postgres" } }`)
    here.answer("trust")
    const unset = here.animus("daemon", "start")
    assert.include(unset.stderr, "ANIMUS_POSTGRES_URL, which is not set")

    Object.assign(here.env, { ANIMUS_POSTGRES_URL: url })
    here.start()
    const { id } = here.answer("subject", "create", "--title", "one")
    const run = here.answer("workflow", "run", id).workflow_id
    const status = () => here.answer("workflow", "get", run).status
    await vi.waitUntil(() => status() === "paused", { timeout: 180_000, interval: 100 })
    assert.notInclude(here.read("seen"), url)

    const lock = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    execFileSync(psql, [url, "-c", lock])
    await vi.waitUntil(() => here.animus("daemon", "health").status !== 0, { timeout: 180_000, interval: 100 })
    assert.include(here.animus("logs").stdout, "keep the lock of schema")

    assert.deepStrictEqual(here.answer("workflow", "list").runs.length, 1)
    here.start()
    here.answer("workflow", "approve", run, "gate")
    assert.strictEqual(here.animus("workflow", "watch", run).status, 0)
  })
})
