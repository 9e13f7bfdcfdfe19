/**
 * Operators who type anything at any time, at a daemon that is killed in between, against an oracle that knows nothing of the
 * engine. What is accepted, what is refused, and where every run stands after each word has to be the same on both sides.
 * A failure prints the seed, and the shortest list of words that still fails.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer, Result, Scope } from "effect"
import * as fc from "fast-check"
import * as SessionStoreFile from "../../layers/SessionStoreFile.ts"
import { SessionStoreMemory } from "../../layers/SessionStoreMemory.ts"
import * as Test from "../../layers/Test.ts"
import { RunId } from "../../schemas/Ids.ts"
import { RunEngine } from "../../src/run/RunEngine.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { scopeAt, temporaryFolder } from "../conformance/TemporaryScope.ts"
import { Agents } from "./model/Agents.ts"
import { Oracle, type OracleRun, REWORKS, type Verdict } from "./model/Oracle.ts"
import { type Said, said, Tally, type Word } from "./model/Words.ts"
import { agent, dispatch, manual, nonceIn, workflow } from "./World.ts"

const definition = workflow(
  agent("implement", { idempotency: "idempotent", max_rework_attempts: REWORKS }),
  manual("review", { max_rework_attempts: REWORKS }),
  agent("deploy", { idempotency: "sideeffecting", max_rework_attempts: REWORKS })
)

/** A daemon, until its scope ends, however much it was at. */
const boot = Effect.fnUntraced(function*(agents: Agents, store: Layer.Layer<SessionStore, unknown>) {
  const scope = yield* Scope.make()
  const daemon = Test.layerOver({ workflows: [definition], agent: agents.script }).pipe(
    Layer.provideMerge(Layer.fresh(store))
  )
  const context = yield* Layer.buildWithScope(Layer.fresh(daemon), scope)
  return yield* Effect.provideContext(
    Effect.gen(function*() {
      return { engine: yield* RunEngine, store: yield* SessionStore, scope }
    }),
    context
  )
})

const subject = { ...dispatch, subject: { kind: "custom", id: "custom:1", labels: [], metadata: {} } }

class Trial {
  readonly oracle = new Oracle()
  readonly agents: Agents
  readonly tally: Tally
  readonly started: Array<string> = []
  readonly store: Layer.Layer<SessionStore, unknown>
  daemon: Effect.Success<ReturnType<typeof boot>>
  questions = 0

  constructor({ agents, daemon, store, tally }: Pick<Trial, "agents" | "daemon" | "store" | "tally">) {
    this.store = store
    this.daemon = daemon
    this.agents = agents
    this.tally = tally
  }

  run(at: number): RunId {
    return RunId.make(this.started.at(-1 - at) ?? "run-0")
  }

  next(): RunId {
    const run = RunId.make(`run-${this.started.length + 1}`)
    this.started.push(run)
    return run
  }

  /** What the operator, or an agent, does. */
  perform({ phase, run: at, word }: Said): Effect.Effect<unknown, unknown> {
    const { engine } = this.daemon
    const run = this.run(at)
    switch (word) {
      case "start":
        return Effect.suspend(() => engine.start(this.next(), subject))
      case "fork":
        return Effect.suspend(() => engine.fork(this.next(), { of: run, vars: {} }))
      case "fork-from":
        return Effect.suspend(() => engine.fork(this.next(), { of: run, from: phase, vars: {} }))
      case "advance":
      case "rework":
      case "fail":
      case "skip":
        return this.say(run, word)
      case "ask":
        return this.ask(run)
      case "answer":
        return this.respond(run)
      case "pause":
        return engine.pause(run, "lunch")
      case "resume":
      case "force":
        return engine.resume(run, { force: word === "force" })
      case "cancel":
        return engine.cancel(run, "enough")
      case "approve":
        return engine.approve({ run, phase })
      case "reject":
        return engine.reject({ run, phase })
      case "reject-to":
        return engine.reject({ run, phase: "review", to: phase })
      case "retry":
        return engine.retry(run, {})
      case "retry-from":
        return engine.retry(run, { from: phase })
      case "remove":
        return engine.remove(run)
      case "restart":
        return this.restart
    }
  }

  private say(run: RunId, verdict: Verdict) {
    return Effect.suspend(() => {
      const live = this.agents.live.get(run)
      if (live === undefined) return Effect.fail("nobody is there to say it")
      const { answer, session } = live
      this.agents.live.delete(run)
      const decision = { nonce: nonceIn(session), verdict, confidence: 1, risk: "low", reason: verdict }
      return Deferred.succeed(answer, JSON.stringify({ phase_decision: decision }))
    })
  }

  private ask(run: RunId) {
    return Effect.suspend(() => {
      const live = this.agents.live.get(run)
      if (live === undefined) return Effect.fail("nobody is there to ask")
      const interaction = `question-${++this.questions}`
      this.agents.open.get(run)?.push(interaction)
      const question = { _tag: "InteractionRequested", interaction_id: interaction, kind: "question" } as const
      return live.session.onEvents([{ ...question, session_id: live.session.session, payload: { question: "Which?" } }])
    })
  }

  private respond(run: RunId) {
    return Effect.suspend(() => {
      const interaction = this.agents.live.has(run) ? this.agents.open.get(run)?.shift() : undefined
      const response = { answer: "this one" }
      return this.daemon.engine.respond({ run, response, interaction: interaction ?? "none" })
    })
  }

  private readonly restart = Effect.gen({ self: this }, function*() {
    yield* Scope.close(this.daemon.scope, yield* Effect.exit(Effect.void))
    this.daemon = yield* boot(this.agents, this.store)
    yield* this.daemon.engine.recover
  })

  /** The same, as the oracle has it; whether it is accepted. */
  foresee({ phase, run: at, word }: Said): boolean {
    const { oracle } = this
    const run = this.run(at)
    const known = oracle.runs.get(run)
    const next = `run-${this.started.length + 1}`
    switch (word) {
      case "start":
        return oracle.start(next)
      case "fork":
        return oracle.fork(next, run, undefined)
      case "fork-from":
        return oracle.fork(next, run, phase)
      case "restart":
        oracle.restart()
        return true
      case "remove":
        return oracle.remove(run)
      default:
        return known !== undefined && accepted(known, word, phase)
    }
  }

  /** Nothing is under way any more that ends by itself. */
  readonly rest = Effect.gen({ self: this }, function*() {
    for (const [run, { launches, live }] of this.oracle.runs) {
      if (live) yield* this.agents.launched(run, launches)
      else yield* this.daemon.engine.settled(RunId.make(run))
    }
  })

  readonly compare = Effect.gen({ self: this }, function*() {
    const { engine, store } = this.daemon
    const { heads } = yield* store.heads({ limit: 500 })
    const listed = new Map(heads.map((head) => [head.run, head.status]))
    assert.deepStrictEqual(listed, new Map([...this.oracle.runs].map(([run, { status }]) => [RunId.make(run), status])))
    for (const [id, expected] of this.oracle.runs) {
      const run = RunId.make(id)
      const { head, interactions = [], phases } = yield* engine.get(run)
      const attempts = Object.fromEntries(phases.map(({ attempt, id }) => [id, attempt]))
      assert.strictEqual(head.status, expected.status, run)
      assert.deepStrictEqual(attempts, expected.attempts, `${run}: attempts`)
      if (expected.live) assert.strictEqual(interactions.length, expected.questions, `${run}: open questions`)
      assert.strictEqual(this.agents.launches(run), expected.launches, `${run}: launches`)
      const completed = (yield* store.read(run)).flatMap(({ event }) =>
        event._tag === "PhaseCompleted" ? [`${event.phase} ${event.attempt}`] : []
      )
      assert.strictEqual(new Set(completed).size, completed.length, `${run}: an attempt was completed twice`)
    }
  })

  readonly step = Effect.fnUntraced({ self: this }, function*(one: Said) {
    const expected = this.foresee(one)
    this.tally.note(one.word, expected)
    const result = yield* Effect.result(this.perform(one))
    const why = Result.isFailure(result) ? String(result.failure) : ""
    assert.strictEqual(Result.isSuccess(result), expected, `${one.word}: ${why}`)
    yield* this.rest
    yield* this.compare
  })
}

const accepted = (run: OracleRun, word: Word, phase: string): boolean => {
  switch (word) {
    case "advance":
    case "rework":
    case "fail":
    case "skip":
      return run.answers(word)
    case "ask":
      return run.asks()
    case "answer":
      return run.answered()
    case "pause":
      return run.pause()
    case "resume":
    case "force":
      return run.resume(word === "force")
    case "cancel":
      return run.cancel()
    case "approve":
      return run.approve(phase)
    case "reject":
      return run.reject(phase, undefined)
    case "reject-to":
      return run.reject("review", phase)
    case "retry":
      return run.retry(undefined)
    case "retry-from":
      return run.retry(phase)
    default:
      return false
  }
}

const trial = (opened: Effect.Effect<Layer.Layer<SessionStore, unknown>, never, Scope.Scope>, tally: Tally) =>
  Effect.fnUntraced(function*(said: ReadonlyArray<Said>) {
    const store = yield* opened
    const agents = new Agents()
    const trial = new Trial({ agents, daemon: yield* boot(agents, store), store, tally })
    for (const [at, one] of said.entries()) {
      yield* trial.step(one).pipe(
        Effect.timeoutOrElse({
          duration: "5 seconds",
          orElse: () => Effect.die(new Error(`word ${at + 1}, ${one.word}, did not come to rest`))
        })
      )
    }
    yield* Scope.close(trial.daemon.scope, yield* Effect.exit(Effect.void))
  }, Effect.scoped)

/** One store for every daemon of a trial. */
const inMemory = Effect.map(
  Effect.provide(SessionStore, Layer.fresh(SessionStoreMemory.layer)),
  (store) => Layer.succeed(SessionStore, store)
)

/** Each daemon reads the files anew. */
const onDisk = Effect.map(
  temporaryFolder,
  (folder) => SessionStore.layerOf(SessionStoreFile.driver).pipe(Layer.provide(scopeAt(folder)))
)

const check = async (store: typeof onDisk | typeof inMemory, numRuns: number, maxLength: number) => {
  const tally = new Tally()
  await fc.assert(
    fc.asyncProperty(
      fc.array(said, { minLength: 1, maxLength, size: "max" }),
      (said) => Effect.runPromise(trial(store, tally)([{ word: "start", run: 0, phase: "review" }, ...said]))
    ),
    { numRuns }
  )
  return tally
}

describe("a daemon and its operators", { timeout: 600_000 }, () => {
  it("do what the oracle says, whatever is typed when", async () => {
    const { unheard } = await check(inMemory, 160, 80)
    assert.deepStrictEqual(unheard, [])
  })

  it("do so over files that are read anew by every daemon", () => check(onDisk, 5, 40))
})
