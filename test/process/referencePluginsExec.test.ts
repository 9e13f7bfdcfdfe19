import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import { bundled, endAll, type Frame, isAlive, startPlugin, until } from "./referencePluginsHost.ts"

let folder = ""
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "animus-exec-")))
})
afterAll(async () => {
  await endAll()
  rmSync(folder, { recursive: true, force: true })
})

const start = () => startPlugin(bundled("animus-provider-exec"), folder, { CLAUDECODE: "1", SECRET: "s", HOME: folder })

let shared: ReturnType<typeof start> | undefined
/** One for all that leave it as it was, with nothing of what it told the one before. */
const serving = async () => {
  const plugin = await (shared ??= start())
  plugin.frames.length = 0
  return plugin
}

const request = (launch: object, extra: object = {}) => ({
  control_session_id: "session-1",
  prompt: "the prompt",
  cwd: folder,
  runtime_contract: { cli: { launch } },
  ...extra
})

const shell = (script: string, extra: object = {}) => ({ command: "sh", args: ["-c", script], ...extra })

const said = (plugin: Awaited<ReturnType<typeof start>>) => plugin.told("agent/output").map(({ text }) => text).join("")

const pidIn = async (name: string): Promise<number> => {
  const file = join(folder, name)
  await until(`${name} is written`, () => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"))
  return Number(readFileSync(file, "utf8"))
}

const messageOf = ({ error }: Frame) => JSON.stringify(error)

describe("a run", () => {
  it("streams both outputs before it answers with the exit code", async () => {
    const plugin = await serving()
    const response = await plugin.result("agent/run", request(shell("cat; echo; echo oh >&2; exit 3")))
    assert.deepInclude(response, {
      exit_code: 3,
      output: "the prompt\n",
      errors: ["oh"],
      backend: "exec",
      session_id: ""
    })
    const outputs = plugin.told("agent/output")
    assert.isTrue(outputs.every(({ session_id }) => session_id === "session-1"))
    assert.deepStrictEqual(outputs.filter(({ stream }) => stream === "stderr").map(({ text }) => text), ["oh\n"])
    assert.deepStrictEqual(plugin.frames.at(-1)?.["result"], response)
  })

  it("has its whole prompt on stdin before it begins, in a file that nobody else finds", async () => {
    const plugin = await serving()
    const prompt = "as much as no pipe holds. ".repeat(20_000)
    // Who reads a file from a place of its own choosing can do so only when all of it is there.
    const script = "wc -c < /dev/stdin; head -c 9 /dev/stdin; echo; readlink /dev/fd/0"
    const { output } = await plugin.result("agent/run", request(shell(script), { prompt }))
    const [size, begins, name] = String(output).trim().split("\n")
    assert.deepStrictEqual([Number(size), begins], [prompt.length, "as much a"])
    assert.match(String(name), / \(deleted\)$/)
  })

  it("streams while the agent still runs", async () => {
    const plugin = await serving()
    const id = plugin.ask(
      "agent/run",
      request(shell("echo first; while [ ! -e go ]; do sleep 0.05; done; echo second"))
    )
    await until("the first line", () => said(plugin) === "first\n")
    assert.isFalse(plugin.frames.some((frame) => frame["id"] === id))
    await plugin.result("agent/run", request(shell("touch go"), { control_session_id: "session-2" }))
    assert.deepInclude((await plugin.answer(id))["result"], { exit_code: 0, output: "first\nsecond\n" })
  })

  it("gives the prompt as an argument, fills in placeholders once, and cleans the environment", async () => {
    const plugin = await serving()
    const launch = {
      command: process.execPath,
      args: ["-p", "JSON.stringify([process.argv.slice(1), process.env])", "--", "{{model}}"],
      prompt: "argument",
      env: { MINE: "yes" }
    }
    const { output } = await plugin.result(
      "agent/run",
      request(launch, { model: "m", prompt: "say {{model}}", system_prompt: "Be brief.", env: { GIVEN: "1" } })
    )
    const [args, env] = JSON.parse(String(output))
    assert.deepStrictEqual(args, ["m", "Be brief.\n\nsay {{model}}"])
    assert.deepInclude(env, { MINE: "yes", GIVEN: "1", HOME: folder })
    assert.notProperty(env, "CLAUDECODE")
    assert.notProperty(env, "SECRET")
  })

  it("survives an agent that does not read a large prompt, and keeps the end of a large output", async () => {
    const plugin = await serving()
    const script = "exec 0<&-; head -c 3000000 /dev/zero | tr '\\0' x; echo the end"
    const { output } = await plugin.result("agent/run", request(shell(script), { prompt: "p".repeat(2_000_000) }))
    assert.isTrue(String(output).endsWith("xthe end\n"))
    assert.isBelow(String(output).length, 300_000)
    assert.strictEqual(said(plugin).length, 3_000_000 + "the end\n".length)
  })

  it("says how to mend a command that cannot be started", async () => {
    const plugin = await serving()
    const missing = await plugin.call("agent/run", request({ command: "no-such-agent" }))
    assert.include(messageOf(missing), "command not found: no-such-agent")
    assert.include(messageOf(missing), "session_start_failed")
    const nowhere = await plugin.call("agent/run", request(shell("true"), { cwd: "/no/such/folder" }))
    assert.include(messageOf(nowhere), "working folder /no/such/folder does not exist")
    assert.include(messageOf(await plugin.call("agent/run", { prompt: "p", cwd: folder })), "launch")
  })

  it("is ended by its deadline with exit code 124", async () => {
    const plugin = await serving()
    const launch = shell("echo $$ > late.pid; echo begun; sleep 1000")
    assert.deepInclude(await plugin.result("agent/run", request(launch, { timeout_secs: 1 })), {
      exit_code: 124,
      output: "begun\n"
    })
    assert.isFalse(isAlive(await pidIn("late.pid")))
  })
})

describe("resuming", () => {
  const launch = shell("echo session: own-7", {
    session_pattern: "^session: (\\S+)$",
    resume_args: ["-c", "echo back in {{session_id}}"]
  })

  it("uses the session that the agent named, and tells it at once", async () => {
    const plugin = await serving()
    assert.deepInclude(await plugin.result("agent/run", request(launch)), { session_id: "own-7" })
    assert.deepStrictEqual(plugin.told("agent/session"), [{ session_id: "own-7", control_session_id: "session-1" }])
    assert.deepInclude(await plugin.result("agent/resume", request(launch, { session_id: "own-7" })), {
      session_id: "own-7",
      output: "back in own-7\n"
    })
  })

  it("is refused without an id, or when the agent has no form for it", async () => {
    const plugin = await serving()
    assert.include(messageOf(await plugin.call("agent/resume", request(launch))), "-32602")
    const plain = await plugin.call("agent/resume", request(shell("true"), { session_id: "own-7" }))
    assert.include(messageOf(plain), "-32001")
  })
})

describe("ending", () => {
  afterEach(endAll)

  // One descendant in a session of its own, one whose parent is gone, one that ignores SIGTERM.
  const stubborn =
    "setsid sh -c 'echo $$ > far.pid; sleep 1000' & (setsid sh -c 'echo $$ > orphan.pid; sleep 1000' &) ; " +
    "trap '' TERM; echo $$ > near.pid; while :; do sleep 0.1; done"
  const names = ["far.pid", "orphan.pid", "near.pid"]
  const begin = async () => {
    for (const name of names) rmSync(join(folder, name), { force: true })
    const plugin = await start()
    const id = plugin.ask("agent/run", request(shell(stubborn)))
    return { plugin, id, pids: await Promise.all(names.map(pidIn)) }
  }

  it("agent/cancel ends the agent and all it started, and the run answers 130", async () => {
    const { id, pids, plugin } = await begin()
    assert.deepStrictEqual(await plugin.result("agent/cancel", { session_id: "session-1" }), {
      session_id: "session-1",
      cancelled: true
    })
    assert.deepStrictEqual(pids.filter(isAlive), [])
    assert.deepInclude((await plugin.answer(id))["result"], { exit_code: 130, errors: ["the run was cancelled"] })
    assert.include(messageOf(await plugin.call("agent/cancel", { session_id: "session-1" })), "no live session")
  })

  it("$/cancelRequest ends them too, and answers -32002", async () => {
    const { id, pids, plugin } = await begin()
    plugin.send({ method: "$/cancelRequest", params: { id } })
    assert.include(messageOf(await plugin.answer(id)), "-32002")
    assert.deepStrictEqual(pids.filter(isAlive), [])
  })

  it("a host that is gone, or SIGTERM, ends them and the plugin", async () => {
    for (const leave of ["EOF", "SIGTERM"]) {
      const { pids, plugin } = await begin()
      if (leave === "EOF") plugin.child.stdin.end()
      else plugin.child.kill("SIGTERM")
      await plugin.exited
      assert.deepStrictEqual(pids.filter(isAlive), [], leave)
    }
  })

  it("what an agent left behind ends with its run", async () => {
    const plugin = await start()
    rmSync(join(folder, "left.pid"), { force: true })
    const launch = shell(
      "setsid sh -c 'echo $$ > left.pid; sleep 1000' & while [ ! -s left.pid ]; do sleep 0.02; done; echo ok"
    )
    assert.deepInclude(await plugin.result("agent/run", request(launch)), { exit_code: 0, output: "ok\n" })
    assert.isFalse(isAlive(await pidIn("left.pid")))
  })
})
