/** What every runner of phases has to do: the same tests, with real daemons, over whichever the configuration names. */
import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterAll, afterEach, beforeAll } from "vitest"
import { beside } from "./Beside.ts"
import { fixture } from "./plugin/Workshop.ts"
import { until } from "./referencePluginsHost.ts"
import { Workplace } from "./Workplace.ts"

const workflows = `
tools_allowlist: [sh]
secrets: { key: { env: TRACKER_KEY } }
agents: { scripted: { tool: scripts }, hurried: { tool: scripts, timeout_secs: 1 } }
phases:
  print: { mode: command, command: { program: sh, args: [-c, "for n in $(seq 1 200); do echo $n; done"] } }
  fail: { mode: command, command: { program: sh, args: [-c, "echo no; exit 3"], on_failure_verdict: fail } }
  hide: { mode: command, command: { program: sh, args: [-c, "echo got $KEY; test \\"$1\\" = \\"$KEY\\"", sh, "\${secret.key}"], env: { KEY: "\${secret.key}" } } }
  wait: { mode: command, idempotency: sideeffecting, command: { program: sh, args: [-c, "echo $$$$ >> started; exec sleep 606"] } }
  again: { mode: command, idempotency: idempotent, command: { program: sh, args: [-c, "echo $$$$ >> started; exec sleep 606"] } }
  late: { mode: command, command: { program: sh, args: [-c, "sleep 606"], timeout_secs: 1 } }
  talk: { mode: agent, agent: scripted, directive: SCRIPT=talk }
  ask: { mode: agent, agent: scripted, directive: SCRIPT=ask }
  hang: { mode: agent, agent: scripted, idempotency: sideeffecting, directive: SCRIPT=hang }
  die: { mode: agent, agent: scripted, directive: SCRIPT=die }
  overdue: { mode: agent, agent: hurried, directive: SCRIPT=hang }
workflows:
  - { id: both, phases: [print, talk] }
  - { id: fail, phases: [fail] }
  - { id: hide, phases: [hide] }
  - { id: wait, phases: [wait] }
  - { id: again, phases: [again] }
  - { id: late, phases: [late] }
  - { id: ask, phases: [ask] }
  - { id: hang, phases: [hang] }
  - { id: die, phases: [die] }
  - { id: overdue, phases: [overdue] }
`

const SECRET = "s3cr3t-value"

interface Frame {
  readonly method?: string
  readonly params?: { readonly data: Record<string, unknown> }
}

/** A subscriber of the control socket, that has nothing of ours but the protocol. */
class Subscriber {
  readonly frames: Array<Frame> = []
  private readonly socket: Socket

  constructor(path: string) {
    this.socket = connect(path)
    createInterface({ input: this.socket }).on("line", (line) => this.frames.push(JSON.parse(line)))
  }

  async watch(method: string): Promise<void> {
    const before = this.frames.length
    this.socket.write(JSON.stringify({ jsonrpc: "2.0", id: method, method, params: {} }) + "\n")
    await until(`${method} is acknowledged`, () => this.frames.length > before)
  }

  heard(method: string) {
    return this.frames.flatMap((frame) =>
      frame.method === method && frame.params !== undefined ? [frame.params.data] : []
    )
  }

  end(): void {
    this.socket.destroy()
  }
}

export class Site extends Workplace {
  constructor(runner: string) {
    super(workflows, { TRACKER_KEY: SECRET })
    writeFileSync(join(this.root, "state", "config.json"), JSON.stringify({ daemon: { runner } }))
    this.install("animus-provider-scripts", fixture("provider-of-scripts"), fixture("speak"))
  }

  get socket(): string {
    return join(this.scope, "control.sock")
  }

  cancel(run: string) {
    return this.ask("workflow/cancel", { id: run })
  }

  concluded(run: string) {
    return this.events(run).findLast(({ _tag }) => _tag === "PhaseCompleted")
  }

  tags(run: string): ReadonlyArray<string> {
    return this.events(run).map(({ _tag }) => _tag)
  }

  /** Returns when the agent of this run has been heard, and so its session is known. */
  async atWork(run: string, phase = "hang"): Promise<void> {
    const { location } = (await this.ask("workflow/get", { id: run })).detail
    await until(
      "the agent is heard",
      () => this.read(join(location, `${phase}.1.transcript.jsonl`)).includes("at work")
    )
  }

  /** What commands and agents have written of themselves. */
  forget(): void {
    for (const name of ["started", "calls", "cancelled"]) rmSync(join(this.project, name), { force: true })
  }

  runnerPids(): ReadonlyArray<string> {
    return readdirSync("/proc").filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("animus-workflow-runner-default") &&
          readFileSync(`/proc/${pid}/environ`, "utf8").includes(`HOME=${this.root}\0`)
      } catch {
        // It has ended, or is nobody's we may look at.
        return false
      }
    })
  }
}

const lines = (count: number, of: (n: number) => string) =>
  Array.from({ length: count }, (_, at) => of(at + 1)).join("")

/** What subscribers hear of `both`, whoever performs it: kind and phase, and of each phase everything that was said. */
const events = [
  ["workflow_started", undefined],
  ["phase_started", "print"],
  ["phase_completed", "print"],
  ["phase_started", "talk"],
  ["phase_completed", "talk"],
  ["workflow_completed", undefined]
]
const printed = lines(200, (n) => `${n}\n`)
const talked = lines(300, (n) => `line ${n}\n`)

/** `more`: what else is asked of this runner, at the same site. */
export const runnerSuite = (runner: string, more: (site: () => Site) => void = () => {}) => {
  // Its tests share a daemon.
  beside(`phases performed by ${runner}`, () => {
    let site: Site
    beforeAll(() => {
      site = new Site(runner)
      site.start()
    })
    afterAll(async () => {
      for (const left of [...site.running("606"), ...site.running("607")]) process.kill(Number(left), "SIGKILL")
      await site.end()
    })
    afterEach(() => {
      site.forget()
      assert.deepStrictEqual([site.running("606"), site.running("607")], [[], []], "a process was left")
    })

    it("are heard by every subscriber of the control socket in order, with their ids, without a gap", async () => {
      const subscribers = [new Subscriber(site.socket), new Subscriber(site.socket)]
      try {
        for (const one of subscribers) for (const method of ["workflow/events", "agent/watch"]) await one.watch(method)
        const run = await site.begin("both")
        const detail = await site.settled(run)
        assert.strictEqual(detail.state, "completed", JSON.stringify(detail))
        for (const one of subscribers) {
          await until(
            "all is heard",
            () => one.heard("workflow/event").some(({ kind }) => kind === "workflow_completed")
          )
          await until("the words are closed", () => one.heard("agent/output").some(({ kind }) => kind === "settled"))
          const heard = one.heard("workflow/event").filter(({ workflow_id }) => workflow_id === run)
          assert.deepStrictEqual(heard.map(({ kind, payload }) => [kind, Object(payload).phase_id]), events)
          const said = one.heard("agent/output").filter(({ workflow_id }) => workflow_id === run)
          const of = (kind: string, phase: string) =>
            said.filter((it) => it["kind"] === kind && it["phase_id"] === phase).map(({ text }) => text).join("")
          assert.strictEqual(of("command", "print"), printed)
          assert.strictEqual(of("output", "talk"), talked)
          assert.deepStrictEqual(
            said.filter(({ phase_id }) => phase_id === "talk").map(({ kind }) => kind).slice(-2),
            ["tool_call", "tool_result"]
          )
          assert.isTrue(said.slice(0, -1).every(({ attempt }) => attempt === 1))
        }
        const journal = site.lines(join(detail.location, "journal.jsonl")).map((line) => JSON.parse(line))
        assert.deepStrictEqual(journal.map(({ sequence }) => sequence), journal.map((_, at) => at + 1))
        const session = journal.findLast(({ event }) => event._tag === "PhaseStarted")
        const said = subscribers[0]?.heard("agent/output").find(({ phase_id }) => phase_id === "talk")
        assert.strictEqual(said?.["session_id"], session.event.session)
        const transcript = site.lines(join(detail.location, "talk.1.transcript.jsonl")).map((line) => JSON.parse(line))
        assert.strictEqual(transcript.filter(({ kind }) => kind === "output").map(({ text }) => text).join(""), talked)
        const record = JSON.parse(site.read(join(detail.location, "talk.session.json")))
        assert.deepInclude(record, { status: "completed", provider_session_id: `own-${session.event.session}` })
      } finally {
        for (const one of subscribers) one.end()
      }
    })

    it("fail by what they say, and show no secret to anybody", async () => {
      const failing = await site.begin("fail")
      await site.settled(failing)
      assert.deepInclude(site.concluded(failing), { exit_code: 3, output: "no" })
      const hidden = await site.settled(await site.begin("hide"))
      assert.strictEqual(hidden.state, "completed", JSON.stringify(hidden))
      assert.include(site.read(join(hidden.location, "hide.1.transcript.jsonl")), "got [secret]")
      for (const file of readdirSync(hidden.location)) {
        assert.notInclude(site.read(join(hidden.location, file)), SECRET, file)
      }
    })

    it("end with everything they started when their run is cancelled", async () => {
      const waiting = await site.begin("wait")
      await until("the command runs", () => site.running("606").length === 1)
      await site.cancel(waiting)
      assert.deepStrictEqual(site.running("606"), [])
      const hanging = await site.begin("hang")
      await site.atWork(hanging)
      await site.cancel(hanging)
      assert.deepStrictEqual(site.running("607"), [])
      assert.deepStrictEqual(site.lines("cancelled"), ["once"])
      for (const run of [waiting, hanging]) {
        assert.strictEqual((await site.ask("workflow/get", { id: run })).status, "cancelled")
        assert.deepStrictEqual(site.tags(run).slice(-2), ["CancelRequested", "RunCancelled"])
      }
    })

    it("end at their deadline", async () => {
      const [late, overdue] = [await site.begin("late"), await site.begin("overdue")]
      assert.include((await site.settled(late)).reason, "it took longer than 1 s")
      assert.include((await site.settled(overdue)).reason, "out of time: the session was ended after 1 s")
    })

    it("ask a person, and hear the answer", async () => {
      const run = await site.begin("ask")
      assert.strictEqual((await site.settled(run)).state, "waiting")
      await site.ask("agent/respond", { workflow_id: run, response: { answer: "the blue one" } })
      await site.settled(run)
      assert.strictEqual(site.concluded(run).output, "was told the blue one")
      assert.include(site.tags(run).join(), "InteractionRequested,InteractionAnswered,PhaseCompleted")
    })

    it("fail with the agent's process, once it has spoken", async () => {
      const run = await site.begin("die")
      await site.atWork(run, "die")
      site.write("die", "")
      const detail = await site.settled(run)
      assert.match(detail.reason, /connection to plugin animus-provider-scripts was lost/)
      assert.deepStrictEqual([detail.state, site.lines("calls")], ["failed", ["agent/run"]])
    })

    it("leave nothing behind when their daemon is killed, and the next one goes on as it promised", async () => {
      const again = await site.begin("again")
      await until("the command runs", () => site.running("606").length === 1)
      const hanging = await site.begin("hang")
      await site.atWork(hanging)
      assert.strictEqual(site.runnerPids().length, runner === "subprocess" ? 1 : 0)
      const before = [...site.running("606"), ...site.running("607"), ...site.runnerPids()]

      site.kill()
      site.start()
      await until("the command runs anew", () => site.lines("started").length === 2)
      const detail = await site.settled(hanging)
      assert.deepStrictEqual(
        [detail.state, detail.recovery.map(({ action }: { readonly action: string }) => action)],
        ["completed", ["resume"]]
      )
      assert.include(site.concluded(hanging).output, "agent/resume")
      assert.deepStrictEqual(site.lines("calls"), ["agent/run", "agent/resume"])
      await until("one command runs", () => site.running("606").length === 1)
      const now = [...site.running("606"), ...site.running("607"), ...site.runnerPids()]
      assert.deepStrictEqual(now.filter((pid) => before.includes(pid)), [])
      await site.cancel(again)
    })

    it("have no outcome written down when their daemon is stopped and has to cut them short", async () => {
      const waiting = await site.begin("wait")
      await until("the command runs", () => site.running("606").length === 1)
      const hanging = await site.begin("hang")
      await site.atWork(hanging)
      await site.stopped()
      assert.deepStrictEqual([site.running("606"), site.running("607"), site.runnerPids()], [[], [], []])
      site.start()
      await site.settled(hanging)
      const { state } = await site.settled(waiting)
      assert.deepStrictEqual([state, site.lines("started").length], ["blocked", 1])
      assert.include(site.tags(hanging).join(), "PhaseStarted,RecoveryDecided,PhaseCompleted")
      assert.deepStrictEqual(site.tags(waiting), ["RunStarted", "PhaseStarted", "RecoveryDecided"])
    })

    more(() => site)
  })
}
