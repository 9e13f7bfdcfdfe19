/** One run whose journal was damaged while no daemon ran: the others go on, and somebody says what to do about that one. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach } from "vitest"
import { operator } from "./Typed.ts"
import { askingOnce, Workplace } from "./Workplace.ts"

let place: Workplace | undefined
afterEach(() => place?.end())

describe("a damaged run", () => {
  it("is named where the daemon is asked how it is, and keeps no other from going on", async () => {
    const here = new Workplace(askingOnce)
    place = here
    const { answer, type } = operator(here)
    here.start()
    const [lost, sound] = [await here.begin(), await here.begin()]
    here.kill()
    const journal = join(here.scope, "runs", lost, "journal.jsonl")
    const bytes = readFileSync(journal)
    bytes[200] = (bytes[200] ?? 0) ^ 1
    writeFileSync(journal, bytes)

    here.start()
    const page = await answer("workflow", "list")
    assert.deepStrictEqual(page.runs.map(({ id }: { readonly id: string }) => id), [sound])
    assert.deepStrictEqual(page.unreadable.map(({ id }: { readonly id: string }) => id), [lost])
    const health = await answer("daemon", "health")
    assert.strictEqual(health.status, "degraded")
    assert.include(health.last_error, `${journal}:1 is damaged`)
    const refused = await type("workflow", "get", lost)
    assert.strictEqual(refused.status, 5)
    assert.include(refused.stderr, "Restore the file from a backup")

    await here.settled(sound)
    await answer("workflow", "approve", sound, "ask")
    assert.strictEqual((await type("workflow", "watch", sound)).status, 0)
    assert.strictEqual((await answer("workflow", "get", sound)).status, "completed")
    assert.deepStrictEqual(readFileSync(journal), bytes)
  })
})
