/** A daemon that is killed while twenty plugins talk leaves forty processes; the next one ends them before it starts its own. */
import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach } from "vitest"
import { fixture } from "../plugin/Workshop.ts"
import { isAlive, until } from "../referencePluginsHost.ts"
import { operator } from "../Typed.ts"
import { askingOnce, Workplace } from "../Workplace.ts"

const PLUGINS = 20
const STREAMER = "animus-notifier-streamer-"

/** The first of them is listed under the names of the others, too. */
const multiply = (lock: string) => {
  const text = readFileSync(lock, "utf8")
  const first = text.split(/(?=\[\[plugins\]\])/).find((part) => part.includes(`${STREAMER}0`)) ?? ""
  const others = Array.from({ length: PLUGINS - 1 }, (_, n) => first.replace(`${STREAMER}0`, `${STREAMER}${n + 1}`))
  writeFileSync(lock, [text, ...others].join("\n"))
}

interface Marked {
  readonly pid: number
  readonly generation: string
}

/** What carries a daemon's mark and works in the project; the daemon itself carries none. */
const markedIn = (project: string): ReadonlyArray<Marked> =>
  readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || readlinkSync(`/proc/${pid}/cwd`) !== project) return []
      const environ = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0")
      const generation = environ.find((entry) => entry.startsWith("ANIMUS_GENERATION="))?.split("=")[1]
      return generation === undefined || !environ.some((entry) => entry.startsWith("ANIMUS_COOKIE=/"))
        ? []
        : [{ pid: Number(pid), generation }]
    } catch {
      // It ended while it was looked at, or is not ours.
      return []
    }
  })

let place: Workplace | undefined
afterEach(async () => {
  const left = place === undefined ? [] : markedIn(place.project)
  await place?.end()
  for (const { pid } of left) if (isAlive(pid)) process.kill(pid, "SIGKILL")
})

it("kill -9 of a daemon while 20 plugins stream leaves nothing that the next daemon does not end first", async () => {
  const here = new Workplace(askingOnce)
  place = here
  here.install(`${STREAMER}0`, fixture("streams-with-a-child"), fixture("speak"))
  multiply(join(here.root, "state", "plugins.lock"))
  here.start()
  await until("all of them stream", () => here.lines("streaming").length === PLUGINS)
  const first = markedIn(here.project)
  assert.lengthOf(first, 2 * PLUGINS)
  assert.lengthOf([...new Set(first.map(({ generation }) => generation))], 1)
  here.kill()
  const listed: ReadonlyArray<{ readonly pid: number }> = (await operator(here).answer("plugin", "orphans")).orphans

  here.start()
  await until("all of them stream again", () => here.lines("streaming").length === 2 * PLUGINS)
  const second = markedIn(here.project)
  assert.lengthOf(second, 2 * PLUGINS)
  assert.notInclude(second.map(({ generation }) => generation), first[0]?.generation)
  const pids = new Set(first.map(({ pid }) => pid))
  assert.deepStrictEqual(second.filter(({ pid }) => pids.has(pid)), [])
  // Each counts, as it starts, who of the daemon before is still there.
  assert.deepStrictEqual(here.lines("streaming").map((line) => line.split(" ")[1]), Array(2 * PLUGINS).fill("0"))
  assert.deepStrictEqual((await operator(here).answer("plugin", "orphans")).orphans, [])
  assert.sameMembers(listed.map(({ pid }) => pid), [...pids], "each was listed once while there was no daemon")
}, 300_000)

const agents = `
default_workflow_ref: ship
agents: { shipper: { tool: liar } }
phases: { deploy: { mode: agent, agent: shipper, directive: Ship it } }
workflows: [{ id: ship, phases: [deploy] }]
`

it(
  "kill -9 of a daemon leaves no tool either that bears no mark, has no parent and is in a session of its own",
  async () => {
    const here = new Workplace(agents)
    place = here
    here.install("animus-provider-liar", fixture("provider-liar"), fixture("speak"))
    here.start()
    await here.begin()
    const tools = () => ["8881", "8882", "8883"].flatMap((name) => here.running(name)).map(Number)
    await until("its tools run", () => here.running("8883").length === 1 && here.running("8881").length === 1)
    const before = tools()
    here.kill()
    const { orphans } = await operator(here).answer("plugin", "orphans")
    const told = new Map<number, string>(
      orphans.map((row: { pid: number; plugin: string; recognised_by: string }) => [
        row.pid,
        `${row.plugin}: ${row.recognised_by}`
      ])
    )
    assert.deepStrictEqual(
      before.map((pid) => told.get(pid)),
      Array(before.length).fill("animus-provider-liar: its limit on file locks")
    )
    here.start()
    assert.deepStrictEqual(before.filter(isAlive), [])
    assert.deepStrictEqual((await operator(here).answer("plugin", "orphans")).orphans, [])
  },
  300_000
)
