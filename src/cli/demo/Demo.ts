/**
 * The whole story on a scratch repository: a failing program, a task about it, a run that mends it, a daemon killed in the
 * middle, a person's approval. Every step is a command of the real binary; what is asserted at the end is read from the
 * journal, the agent's ledger, the program's own tests and the process table.
 */
import { Clock, Effect, FileSystem, Path, Schema } from "effect"
import { AgentOutput } from "../../../schemas/control/AgentRpcs.ts"
import { DaemonStatus } from "../../../schemas/control/DaemonRpcs.ts"
import { WorkflowEvent } from "../../../schemas/control/Events.ts"
import { WorkflowBegun, WorkflowDetail } from "../../../schemas/control/WorkflowRpcs.ts"
import { DemoFailed } from "../../../schemas/errors/DaemonErrors.ts"
import { JournalEntry } from "../../../schemas/RunEvent.ts"
import { Subject } from "../../../schemas/Subject.ts"
import { ProcessTable } from "../../project/ProcessTable.ts"
import { Installation } from "../Installation.ts"
import { eventLine, outputLines } from "../render/EventText.ts"
import { projectFiles, task } from "./DemoProject.ts"
import { animus, type DemoFolder, exec, follow } from "./DemoShell.ts"
import { chapter, narrate } from "./Narrator.ts"
import { checkJournal, checkLedger, checkTests } from "./Verify.ts"

export interface DemoOptions {
  readonly crash: boolean
  readonly pace: number
}

const Ignored = Schema.Unknown

const git = (folder: DemoFolder, ...args: ReadonlyArray<string>) =>
  Effect.flatMap(
    exec(folder, "git", ["-c", "user.name=Animus Demo", "-c", "user.email=demo@localhost", ...args]),
    (done) =>
      done.exitCode === 0
        ? Effect.succeed(done.stdout)
        : Effect.fail(new DemoFailed({ detail: `git ${args[0]}: ${done.stderr}` }))
  )

const ledgerOf = (folder: DemoFolder) => `${folder.root}/agent-ledger.jsonl`

const prepare = Effect.fnUntraced(function*(folder: DemoFolder, pace: number) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { demoAgent } = yield* Installation
  yield* chapter("a small program whose own tests fail, and a task about it")
  for (const [name, content] of projectFiles({ program: demoAgent, ledger: ledgerOf(folder), pace })) {
    const file = path.join(folder.project, name)
    yield* fs.makeDirectory(path.dirname(file), { recursive: true })
    yield* fs.writeFileString(file, content)
  }
  yield* git(folder, "init", "--quiet", "--initial-branch=main")
  yield* git(folder, "add", "--all")
  yield* git(folder, "commit", "--quiet", "--message", "A small program")
  const before = yield* exec(folder, "node", ["test/stats.test.js"])
  yield* narrate(`$ node test/stats.test.js`, ...before.stderr.trim().split("\n"), before.stdout.trim())
  if (before.exitCode === 0) {
    return yield* new DemoFailed({ detail: "the scratch program's tests pass before anything was done" })
  }
  yield* animus(folder, ["init"], Ignored)
  yield* animus(folder, ["trust"], Ignored)
})

/** The daemon, its pid, and the task. */
const begin = Effect.fnUntraced(function*(folder: DemoFolder) {
  const { pid = 0 } = yield* animus(folder, ["daemon", "start"], DaemonStatus)
  yield* animus(folder, ["plugin", "list"], Ignored)
  const subject = yield* animus(folder, ["subject", "create", "--title", task.title, "--body", task.body], Subject)
  yield* narrate(`filed ${subject.id}: ${subject.title}`)
  return { pid, subject: subject.id }
})

const isEvent = Schema.is(WorkflowEvent)
const isOutput = Schema.is(AgentOutput)
const isBegun = Schema.is(WorkflowBegun)

interface Victim {
  readonly pid: number
  readonly afterWords: number
}

/** Shows what `animus <args>` streams, and kills `victim` once implement has said so many things. */
const watch = Effect.fnUntraced(function*(folder: DemoFolder, args: ReadonlyArray<string>, victim?: Victim) {
  const processes = yield* ProcessTable
  const seen = { words: 0, killed: false, run: "" }
  yield* narrate(`$ animus ${args.join(" ")}`)
  yield* follow(folder, args, (line) =>
    Effect.gen(function*() {
      if (isBegun(line)) seen.run = line.workflow_id
      if (isEvent(line)) yield* narrate(eventLine(line))
      if (!isOutput(line)) return
      yield* narrate(outputLines(line))
      if (line.phase_id === "implement") seen.words += line.text.trim().split("\n").length
      if (victim === undefined || seen.killed || seen.words < victim.afterWords) return
      seen.killed = true
      yield* narrate("", `$ kill -9 ${victim.pid}    # the daemon, in the middle of implement`)
      yield* processes.signalGroup(victim.pid, "SIGKILL")
    }))
  return seen
})

const recover = Effect.fnUntraced(function*(folder: DemoFolder, run: string) {
  const at = yield* Clock.currentTimeMillis
  yield* chapter("the daemon is dead; start it again and see what it decides")
  yield* animus(folder, ["daemon", "start"], DaemonStatus)
  const recovered = yield* animus(folder, ["workflow", "journal", run], Schema.Array(JournalEntry))
  for (const { event } of recovered) {
    if (event._tag === "RecoveryDecided") {
      yield* narrate(`recovery: ${event.action} ${event.phase} attempt ${event.attempt}: ${event.reason}`)
    }
  }
  return (yield* Clock.currentTimeMillis) - at
})

const finish = Effect.fnUntraced(function*(folder: DemoFolder, run: string) {
  const waiting = yield* animus(folder, ["workflow", "get", run], WorkflowDetail)
  if (waiting.status !== "paused") {
    return yield* new DemoFailed({ detail: `the run is ${waiting.status}, not waiting for a review` })
  }
  yield* chapter("a person's word")
  const diff = yield* git(folder, "diff")
  yield* narrate("$ git diff", diff.trimEnd())
  yield* animus(folder, ["workflow", "approve", run, "review", "--note", "read it, looks right"], Ignored)
  yield* watch(folder, ["workflow", "watch", run])
  const detail = yield* animus(folder, ["workflow", "get", run], WorkflowDetail)
  if (detail.status !== "completed") return yield* new DemoFailed({ detail: `the run ended as ${detail.status}` })
  return { detail, diff }
})

/** The story in a folder; the daemon is stopped again whatever happens. */
export const tell = Effect.fnUntraced(function*(folder: DemoFolder, options: DemoOptions) {
  yield* prepare(folder, options.pace)
  yield* chapter("the daemon, its plugins, and a run")
  const { pid, subject } = yield* begin(folder)
  const victim = options.crash ? { pid, afterWords: 3 } : undefined
  const { killed: crashed, run } = yield* watch(folder, ["workflow", "run", subject, "--watch"], victim)
  if (options.crash && !crashed) {
    return yield* new DemoFailed({ detail: "implement was over before the daemon could be killed" })
  }
  const recoveredIn = crashed ? yield* recover(folder, run) : undefined
  if (crashed) yield* watch(folder, ["workflow", "watch", run])
  const { detail, diff } = yield* finish(folder, run)
  yield* chapter("what is left to check")
  const journal = yield* animus(folder, ["workflow", "journal", run], Schema.Array(JournalEntry))
  const completions = yield* checkJournal(journal, crashed)
  const ledger = yield* checkLedger(ledgerOf(folder))
  const tests = yield* checkTests(folder)
  return { run, detail, diff, journal, completions, ledger, tests, crashed, recoveredIn }
})
