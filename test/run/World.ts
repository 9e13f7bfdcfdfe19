/** A world for the engine with no process, no disk and no real clock: every neighbour is a small double that remembers. */
import { DateTime, Deferred, Effect, FileSystem, Latch, Layer, Path, Scope, Sink, Stream } from "effect"
import { ChildProcessSpawner } from "effect/process"
import * as PhaseRunnerInProcess from "../../layers/PhaseRunnerInProcess.ts"
import { SETTLED } from "../../schemas/control/AgentRpcs.ts"
import { ProjectNotTrusted } from "../../schemas/errors/DaemonErrors.ts"
import { SessionNotFound } from "../../schemas/errors/PluginErrors.ts"
import {
  RunNotFound,
  SequenceConflict,
  SessionStoreFailed,
  StoreDamaged,
  StoreFull
} from "../../schemas/errors/RunErrors.ts"
import { RunId } from "../../schemas/Ids.ts"
import type { AgentRunResponse } from "../../schemas/Provider.ts"
import type { JournalEntry, RunHead } from "../../schemas/RunEvent.ts"
import type { SessionRecord } from "../../schemas/SessionRecord.ts"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import type {
  AgentPhase,
  CommandPhase,
  Evals,
  ManualPhase,
  PhaseDecision,
  WorkflowDefinition
} from "../../schemas/Workflow.ts"
import { type AgentError, type AgentSession, AgentSessions } from "../../src/agent/AgentSessions.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { PluginHost } from "../../src/plugin/PluginHost.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { Trust } from "../../src/project/Trust.ts"
import type { PhaseRunner } from "../../src/run/PhaseRunner.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { advanceHead, isFinished } from "../../src/session/RunHead.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import type { UnreadableRun } from "../../src/session/SessionStoreDriver.ts"
import { Workflows } from "../../src/workflow/Workflows.ts"
import { WorldSubjects } from "./WorldSubjects.ts"

export const run = RunId.make("run-1")

const common = { max_rework_attempts: 2, skip_if: [], on_verdict: {} }

export const agent = (id: string, more: Partial<AgentPhase> = {}): AgentPhase => ({
  ...common,
  id,
  mode: "agent",
  idempotency: "unknown",
  agent: "coder",
  tool: "exec",
  timeout_secs: 60,
  max_attempts: 3,
  ...more
})

export const command = (id: string, more: Partial<CommandPhase> = {}): CommandPhase => ({
  ...common,
  id,
  mode: "command",
  idempotency: "idempotent",
  program: "npm",
  args: ["test"],
  env: {},
  cwd: ".",
  timeout_secs: 60,
  success_exit_codes: [0],
  on_success_verdict: "advance",
  on_failure_verdict: "rework",
  parse_json_output: false,
  category: "test",
  excerpt_max_chars: 800,
  ...more
})

export const manual = (id: string, more: Partial<ManualPhase> = {}): ManualPhase => ({
  ...common,
  id,
  mode: "manual",
  idempotency: "unknown",
  instructions: "Look at it",
  approval_note_required: false,
  ...more
})

/** A check that no process is needed for. */
export const evals: Evals = {
  pass_threshold: 1,
  on_fail: "rework",
  max_reworks: 0,
  checks: [{ id: "c", kind: "llm_judge", prompt: "well?", timeout_secs: 1, agent: "coder", tool: "exec" }]
}

export const decision = (more: Partial<PhaseDecision> = {}): PhaseDecision => ({
  verdict: "advance",
  confidence: 0.9,
  risk: "low",
  reason: "",
  guardrail_violations: [],
  evidence: [],
  source: "agent",
  ...more
})

export const workflow = (...phases: WorkflowDefinition["phases"]): WorkflowDefinition => ({
  id: "build",
  name: "Build",
  phases,
  variables: []
})

export const dispatch: SubjectDispatch = {
  subject: {
    kind: "task",
    id: "task:TASK-1",
    title: "Mend add",
    description: "add(1, 1) is 3",
    labels: [],
    metadata: {}
  },
  workflow_ref: "build",
  vars: {},
  trigger_source: "operator",
  requested_at: "1970-01-01T00:00:00.000Z"
}

export const response = (output: string, more: Partial<AgentRunResponse> = {}): AgentRunResponse => ({
  session_id: "own-1",
  exit_code: 0,
  output,
  duration_ms: 1,
  backend: "exec",
  ...more
})

export const output = (session: AgentSession, text: string) =>
  session.onEvents([{ _tag: "Output", session_id: "own-1", text, final: false }])

export const nonceIn = (session: AgentSession) => /"nonce": "([0-9a-f]+)"/.exec(session.request.prompt)?.[1] ?? "none"

export const deciding = (session: AgentSession, fields: object) =>
  response(`thinking aloud\n${JSON.stringify({ phase_decision: { nonce: nonceIn(session), ...fields } })}`)

type AgentScript = (session: AgentSession, call: number) => Effect.Effect<AgentRunResponse, AgentError>

export interface CommandResult {
  readonly code: number
  readonly output?: string
}

type Phases = Layer.Layer<PhaseRunner, never, Layer.Services<typeof PhaseRunnerInProcess.layer>>

export class World {
  readonly journal: Array<JournalEntry> = []
  readonly records = new Map<string, SessionRecord>()
  readonly recordStatuses: Array<string> = []
  readonly transcript: Array<string> = []
  /** Everything that happened, in order: `append X`, `publish x`, `launch`, `subject x`. */
  readonly log: Array<string> = []
  readonly sessions: Array<AgentSession> = []
  readonly commands: Array<{ readonly command: string; readonly env: unknown }> = []
  readonly agentOutput: Array<string> = []
  cancelled = 0
  resumable = false
  answerable = true
  accepts = true
  readonly answered = Latch.makeUnsafe(false)
  trusted = true
  readonly daemonEvents: Array<readonly [kind: string, payload: unknown]> = []
  readonly subjects = new WorldSubjects(this.log)
  full = false
  damaged = false
  unreadable: ReadonlyArray<UnreadableRun> = []
  recordsFull = false
  definition: WorkflowDefinition = workflow(agent("implement"))
  agents: AgentScript = () => Effect.succeed(response("done"))
  spawn: (call: number) => Effect.Effect<CommandResult> = () => Effect.succeed({ code: 0 })
  readonly launched = Latch.makeUnsafe(false)
  /** Something of an attempt has been heard, and kept. */
  readonly heard = Latch.makeUnsafe(false)
  readonly appendTried = Latch.makeUnsafe(false)
  /** There is a session record. */
  readonly recorded = Latch.makeUnsafe(false)

  get events() {
    return this.journal.map(({ event }) => event)
  }

  get tags() {
    return this.events.map(({ _tag }) => _tag)
  }

  get head(): RunHead | undefined {
    return this.journal.reduce<RunHead | undefined>((head, entry) => advanceHead(head, run, entry), undefined)
  }

  /** Who performs phases, in worlds that are made from now on. */
  static performedBy: (world: World) => Phases = () => PhaseRunnerInProcess.layer
  phases: Phases = World.performedBy(this)

  /** A daemon's worth of engine; its scope is the daemon's life. */
  readonly boot = Effect.gen({ self: this }, function*() {
    const scope = yield* Scope.make()
    const context = yield* Layer.buildWithScope(
      RunEngine.layer.pipe(Layer.provide(Layer.provide(this.phases, this.layer)), Layer.provide(this.layer)),
      scope
    )
    const engine = yield* Effect.provideContext(RunEngine, context)
    return { engine, scope }
  })

  private readonly store = SessionStore.of({
    append: (id, after, events) =>
      Effect.gen({ self: this }, function*() {
        yield* this.appendTried.open
        if (this.full) return yield* new SessionStoreFailed({ reason: new StoreFull({ path: "journal" }) })
        if (this.damaged) {
          return yield* new SessionStoreFailed({
            reason: new StoreDamaged({ path: "journal", line: 1, detail: "bits" })
          })
        }
        if (this.journal.length !== after) {
          return yield* new SequenceConflict({ run: id, expected: after, actual: this.journal.length })
        }
        const at = DateTime.formatIso(yield* DateTime.now)
        const entries = events.map((event, index) => ({ sequence: after + index + 1, at, event }))
        for (const entry of entries) {
          this.journal.push(entry)
          this.log.push(`append ${entry.event._tag}`)
        }
        return entries
      }),
    read: (id, after = 0) =>
      Effect.suspend(() =>
        this.journal.length === 0 || id !== run
          ? Effect.fail(new RunNotFound({ run: id }))
          : Effect.succeed(this.journal.slice(after))
      ),
    heads: () => Effect.succeed({ heads: [], nextCursor: undefined }),
    unfinished: Effect.sync(() => this.head === undefined || isFinished(this.head.status) ? [] : [this.head]),
    lost: Effect.never,
    unreadable: Effect.sync(() => this.unreadable),
    putSession: (record) =>
      Effect.suspend(() => {
        if (this.recordsFull) return Effect.fail(new SessionStoreFailed({ reason: new StoreFull({ path: "record" }) }))
        this.records.set(record.phase_id, record)
        this.recordStatuses.push(record.status)
        return this.recorded.open
      }),
    session: (_, phase) => Effect.sync(() => this.records.get(phase)),
    appendTranscript: (_, __, ___, entries) =>
      Effect.sync(() => {
        this.transcript.push(...entries.map(({ text }) => text))
        this.heard.openUnsafe()
      }),
    transcript: () => Effect.succeed([]),
    remove: () => Effect.void,
    location: () => undefined
  })

  private readonly sessionsDouble = AgentSessions.of({
    run: (session) =>
      Effect.suspend(() => {
        this.sessions.push(session)
        this.log.push("launch")
        this.launched.openUnsafe()
        return this.agents(session, this.sessions.length)
      }).pipe(Effect.onInterrupt(() =>
        Effect.sync(() => {
          this.cancelled++
          this.log.push("cancel")
        })
      )),
    cancel: () => Effect.succeed([]),
    remaining: () => Effect.succeed([]),
    working: Effect.succeed([]),
    status: (session) =>
      Effect.succeed({
        session,
        status: "running",
        provider: "exec",
        owner: undefined,
        model: "",
        startedAt: "",
        finishedAt: undefined,
        lastError: undefined
      }),
    answerable: (session) => this.answerable ? Effect.void : Effect.fail(new SessionNotFound({ session })),
    respond: (_, interaction, response) =>
      Effect.sync(() => {
        this.log.push(`respond ${interaction} ${JSON.stringify(response)}`)
        this.answered.openUnsafe()
        return this.accepts
      }),
    canResume: () => Effect.sync(() => this.resumable)
  })

  private readonly spawner = ChildProcessSpawner.make((spawned) =>
    Effect.gen({ self: this }, function*() {
      if (spawned._tag !== "StandardCommand") return yield* Effect.die("one command at a time")
      this.commands.push({
        command: [spawned.command, ...spawned.args].join(" "),
        env: spawned.options.env
      })
      this.launched.openUnsafe()
      const done = yield* Deferred.make<CommandResult>()
      yield* Effect.forkScoped(
        Effect.flatMap(this.spawn(this.commands.length), (result) => Deferred.succeed(done, result))
      )
      const stdout = Stream.fromEffect(Deferred.await(done)).pipe(
        Stream.map(({ output }) => new TextEncoder().encode(output ?? ""))
      )
      return ChildProcessSpawner.makeHandle({
        pid: ChildProcessSpawner.ProcessId(1),
        exitCode: Effect.map(Deferred.await(done), ({ code }) => ChildProcessSpawner.ExitCode(code)),
        isRunning: Effect.succeed(true),
        kill: () => Effect.void,
        stdin: Sink.drain,
        stdout,
        stderr: Stream.empty,
        all: stdout,
        getInputFd: () => Sink.drain,
        getOutputFd: () => Stream.empty,
        unref: Effect.die("never unrefed")
      })
    })
  )

  readonly layer = Layer.mergeAll(
    Layer.succeed(SessionStore, this.store),
    Layer.succeed(AgentSessions, this.sessionsDouble),
    Layer.succeed(ChildProcessSpawner.ChildProcessSpawner, this.spawner),
    Layer.succeed(Notifications, {
      publish: (topic, items) =>
        Effect.sync(() => {
          for (const item of items) {
            if (topic === "daemon" && "payload" in item) this.daemonEvents.push([item.kind, item.payload])
            else if ("kind" in item && "payload" in item) this.log.push(`publish ${item.kind}`)
            if (topic !== "agent" || !("text" in item)) continue
            this.agentOutput.push(item.kind === SETTLED ? SETTLED : item.text)
          }
        }),
      subscribe: () => Effect.succeed(Stream.empty)
    }),
    this.subjects.layer,
    Layer.mock(Workflows, { find: () => Effect.sync(() => this.definition) }),
    Layer.mock(Trust, {
      require: (because) =>
        this.trusted ? Effect.void : Effect.fail(new ProjectNotTrusted({ projectRoot: "/project", because }))
    }),
    Layer.mock(PluginHost, {}),
    Layer.succeed(HostEnvironment, { env: {}, cookie: "world", generation: "1" }),
    Layer.succeed(ProjectScope, {
      projectRoot: "/project",
      projectDir: "/project/.animus",
      configDir: "/config",
      scopeDir: "/config/scope",
      socketPath: "/config/scope/control.sock"
    }),
    FileSystem.layerNoop({ realPath: (path) => Effect.succeed(path) }),
    Path.layer
  )
}
