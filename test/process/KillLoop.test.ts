/** The kill loop in short, and that its judge would see what it looks for. */
import { assert, describe, it } from "@effect/vitest"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { violationsIn } from "../kill/Judge.ts"

const folder = join(import.meta.dirname, "..", "kill")

/** `npm run kill-loop -- --kills 300` is the long form. */
const KILLS = 30

describe("a daemon that is killed at any place", () => {
  it("completes no attempt twice and loses nothing it said yes to", { timeout: 1_200_000 }, async () => {
    const loop = spawn(process.execPath, [join(folder, "loop.ts"), "--kills", String(KILLS), "--seed", "7"])
    let said = ""
    loop.stdout.on("data", (chunk: Buffer) => said += chunk.toString())
    loop.stderr.on("data", (chunk: Buffer) => said += chunk.toString())
    const [code] = await once(loop, "exit")
    assert.include(said, `\n${KILLS} kills, 0 violations\n`, said)
    assert.match(said, /journals: [1-9]/, "nothing happened")
    assert.match(said, /agents launched: [1-9]/)
    assert.match(said, /plugins killed: [1-9]/)
    assert.strictEqual(code, 0)
  })
})

/** As a program, at the end. */
const readAtTheEnd: typeof violationsIn = ({ acknowledged, launched, scope }) => {
  const args = [join(folder, "check.ts"), scope, acknowledged, launched, "--final"]
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: scope })
  assert.strictEqual(status, 0, stderr)
  return stdout.trim().split("\n")
}

type Events = ReadonlyArray<{ readonly _tag: string; readonly [key: string]: unknown }>

const judge = (
  events: Events,
  queue: Events = [],
  acknowledged: ReadonlyArray<{ readonly what: string; readonly id: string }> = [],
  sequenceOf = (index: number) => index + 1,
  read = violationsIn,
  launched: ReadonlyArray<string> = []
) => {
  const root = mkdtempSync(join(tmpdir(), "animus-judge-"))
  const lines = (values: ReadonlyArray<unknown>) => values.map((value) => `${JSON.stringify(value)}\n`).join("")
  try {
    mkdirSync(join(root, "runs", "r1"), { recursive: true })
    mkdirSync(join(root, "queue"))
    const journal = events.map((event, index) => ({ sequence: sequenceOf(index), at: "", event }))
    writeFileSync(join(root, "runs", "r1", "journal.jsonl"), `${lines(journal)}{"torn":`)
    writeFileSync(join(root, "queue", "journal.jsonl"), lines(queue))
    writeFileSync(join(root, "acknowledged"), lines(acknowledged))
    writeFileSync(join(root, "launched"), launched.map((nonce) => `${nonce}\n`).join(""))
    return read({ scope: root, acknowledged: join(root, "acknowledged"), launched: join(root, "launched") }).join("\n")
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

describe("the judge of the kill loop", () => {
  const begun = { _tag: "RunStarted", dispatch: { subject: { id: "task:1" } } }
  const done = { _tag: "PhaseCompleted", phase: "p", attempt: 1 }
  const ended = { _tag: "RunCompleted" }
  const failed = { _tag: "RunFailed" }
  const retried = { _tag: "RunRetried", phase: "p" }
  const approved = { _tag: "GateDecided", phase: "p", attempt: 1, approved: true }
  const rejected = { ...approved, approved: false }

  it("has nothing to say of what is well", () => {
    const queue = [{ _tag: "Enqueued", entry: { id: "q1" } }, { _tag: "Leased", entry: "q1", run: "r1" }, {
      _tag: "Completed",
      run: "r1"
    }]
    const acknowledged = [{ what: "run", id: "r1" }, { what: "enqueue", id: "task:1" }]
    assert.strictEqual(judge([begun, done, { ...done, attempt: 2 }, ended], queue, acknowledged), "")
  })

  it("nor of a run that failed, let go of its queue entry, and was retried", () => {
    const queue = [{ _tag: "Leased", entry: "q1", run: "r1" }, { _tag: "Completed", run: "r1" }]
    const events = [begun, approved, rejected, failed, retried, { ...done, attempt: 2 }]
    const acknowledged = ["approve", "reject", "retry"].map((what) => ({ what, id: "r1" }))
    assert.strictEqual(judge(events, queue, acknowledged), "")
  })

  it.each<readonly [string, Parameters<typeof judge>, string]>([
    ["an attempt completed twice", [[begun, done, done]], "p attempt 1 has two"],
    ["a gap", [[begun, done], [], [], (index) => index * 2 + 1], "entry 2 carries sequence 3"],
    ["life after the end", [[begun, ended, done]], "something follows its end"],
    ["life after a failure that nobody retried", [[begun, failed, done]], "something follows its end"],
    ["a lost retry", [[begun, failed], [], [{ what: "retry", id: "r1" }]], "acknowledged and lost: retry r1"],
    ["a lost rejection", [[begun, approved], [], [{ what: "reject", id: "r1" }]], "acknowledged and lost: reject r1"],
    [
      "a rejection that forgot where to",
      [[begun, rejected], [], [{ what: "reject-to", id: "r1" }]],
      "acknowledged and lost: reject-to r1"
    ],
    [
      "the second of two approvals lost",
      [[begun, approved], [], [{ what: "approve", id: "r1" }, { what: "approve", id: "r1" }]],
      "acknowledged and lost: approve r1"
    ],
    ["a lost run", [[begun], [], [{ what: "run", id: "r2" }]], "acknowledged and lost: run r2"],
    ["a lost approval", [[begun], [], [{ what: "approve", id: "r1" }]], "acknowledged and lost: approve r1"],
    ["a lost pause", [[begun], [], [{ what: "pause", id: "r1" }]], "acknowledged and lost: pause r1"],
    [
      "a phase that begins while its run is paused",
      [[begun, { _tag: "RunPaused" }, { ...done, _tag: "PhaseStarted" }]],
      "p attempt 1 began while it was paused"
    ],
    [
      "an agent that was launched twice",
      [[begun, { ...done, nonce: "a1" }], [], [], undefined, undefined, ["a1", "a1"]],
      "with nonce a1 was launched twice"
    ],
    [
      "an agent that was launched for nothing that had begun",
      [[begun], [], [], undefined, undefined, ["a2"]],
      "with nonce a2, which no attempt has"
    ],
    ["a lost dispatch", [[begun], [], [{ what: "enqueue", id: "task:2" }]], "acknowledged and lost: enqueue task:2"],
    [
      "a queue that let go too early",
      [[begun], [{ _tag: "Leased", entry: "q1", run: "r1" }, { _tag: "Completed", run: "r1" }]],
      "the run has not ended"
    ]
  ])("sees %s", (_, given, said) => assert.include(judge(...given), said))

  it("sees the same as a program, and at the end what never ended", () => {
    const queue = [
      { _tag: "Leased", entry: "q1", run: "r1" },
      { _tag: "Leased", entry: "q2", run: "r2" },
      { _tag: "Returned", run: "r2", reason: "no such workflow" }
    ]
    assert.deepStrictEqual(judge([begun, done, done], queue, [], undefined, readAtTheEnd).split("\n"), [
      "run r1: p attempt 1 has two of PhaseCompleted, PhaseFailed",
      "run r1 never ended",
      "queue: entry q1 of run r1 is stranded",
      "queue: entry q2 is held: no such workflow"
    ])
  })
})
