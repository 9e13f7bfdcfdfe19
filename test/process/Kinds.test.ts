/** Every kind of plugin that the daemon drives by itself, as real processes under a real daemon, from start to end. */
import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { afterEach } from "vitest"
import { fixture } from "./plugin/Workshop.ts"
import { until } from "./referencePluginsHost.ts"
import { operator } from "./Typed.ts"
import { Workplace } from "./Workplace.ts"

const workflows = `
default_workflow_ref: ask
phases: { ask: { mode: manual, manual: { instructions: Well? } } }
workflows: [{ id: ask, phases: [ask] }]
triggers: [{ id: hooked, type: plugin, workflow_ref: ask, config: { repo: x } }]
`

interface Frame {
  readonly method: string
  readonly params?: Readonly<Record<string, unknown>>
}

let place: Workplace | undefined
afterEach(() => place?.end())

const workplaceWith = (...plugins: ReadonlyArray<readonly [name: string, file: string]>) => {
  const here = new Workplace(workflows)
  place = here
  for (const [name, file] of plugins) here.install(name, fixture(file), fixture("of-a-kind"), fixture("speak"))
  const frames = (name: string): ReadonlyArray<Frame> => here.lines(`${name}.frames`).map((line) => JSON.parse(line))
  const methods = (name: string) => frames(name).map(({ method }) => method)
  const told = (name: string, method: string) => frames(name).filter((frame) => frame.method === method)
  return { here, frames, methods, told }
}

const source = "animus-trigger-source"
const keeper = "animus-log-storage-keeper"
const people = "animus-notifier-people"
const port = "animus-transport-port"

describe("triggers", () => {
  it("start work once an event, over kill -9 of the daemon", async () => {
    const { here, told } = workplaceWith([source, "watches-a-source"])
    const acks = () => told(source, "trigger/ack").map(({ params }) => [params?.["event_id"], params?.["status"]])
    const runs = async () => (await here.ask("workflow/list", {})).runs
    here.start()
    await until("every event is answered", () => acks().length === 5)
    assert.deepStrictEqual(acks(), [["1", "queued"], ["2", "queued"], ["2", "queued"], ["3", "queued"], [
      "4",
      "unmatched"
    ]])
    assert.deepStrictEqual(told(source, "trigger/watch")[0]?.params, {
      config: { triggers: [{ id: "hooked", workflow_ref: "ask", config: { repo: "x" } }] }
    })
    await until("three runs", async () => (await runs()).length === 3)
    here.kill()
    here.start()
    await until("every event is answered again", () => acks().length === 10)
    assert.strictEqual(told(source, "trigger/watch")[1]?.params?.["cursor"], "4")
    assert.strictEqual((await runs()).length, 3)
    here.stop()
    assert.deepStrictEqual(acks().at(-1), ["4", "shutdown"])
  })
})

describe("a log plugin, a notifier and a transport", () => {
  it("are started beside the daemon, told what they are for, and end with it in order", async () => {
    const { here, frames, methods, told } = workplaceWith(
      [keeper, "keeps-the-log"],
      [people, "tells-people"],
      [port, "serves-a-port"]
    )
    here.start()
    const stored = () => JSON.stringify(told(keeper, "log_storage/store"))
    await until("the transport is up", () => here.log.includes("transport animus-transport-port is up"))
    await until("the log is kept", () => stored().includes("daemon_startup"))
    await until("people are told", () => told(people, "notifier/notify").length > 0)
    assert.include((await operator(here).type("logs")).stdout, "long ago")
    const [start] = told(port, "transport/start")
    assert.deepStrictEqual(start?.params, {
      control_socket_path: start?.params?.["control_socket_path"],
      project_root: here.project
    })
    here.stop()
    assert.deepStrictEqual(methods(port).slice(-3), ["transport/shutdown", "shutdown", "exit"])
    assert.deepStrictEqual(methods(people).slice(-3), ["notifier/flush", "shutdown", "exit"])
    assert.deepStrictEqual(methods(keeper).slice(-2), ["shutdown", "exit"])
    assert.include(stored(), "daemon_shutdown")
    const types = told(people, "notifier/notify").map(({ params }) => Object(params?.["event"]).event_type)
    assert.includeMembers(types, ["status", "graceful-shutdown"])
    assert.strictEqual(frames(people).filter(({ method }) => method === "initialize").length, 1)
  })
})

describe("kinds that nothing drives", () => {
  it("are listed under each of them, called straight through, and bound to the project", async () => {
    const { here, told } = workplaceWith(["animus-plugin-many", "is-of-many-kinds"])
    here.start()
    assert.deepStrictEqual(told("animus-plugin-many", "initialize"), [])
    for (const kind of ["queue", "memory_store", "x_teapot"]) {
      const { plugins } = await operator(here).answer("plugin", "list", "--kind", kind)
      assert.deepStrictEqual(plugins.map(({ name }: { readonly name: string }) => name), ["animus-plugin-many"], kind)
    }
    for (const method of ["queue/stats", "memory/get", "teapot/brew"]) {
      const answered = await here.ask("plugin/call", { name: "animus-plugin-many", method, params: null })
      assert.include(JSON.stringify(answered), method)
    }
    const [initialize] = told("animus-plugin-many", "initialize")
    assert.deepStrictEqual(initialize?.params?.["init_extensions"], { project_binding: { project_root: here.project } })
    assert.include(here.read(join(here.project, "animus-plugin-many.frames")), "teapot/brew")
  })
})
