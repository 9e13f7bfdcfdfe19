/**
 * Lives of the stores on a disk whose power is cut before each change that they make, in every way a machine can wake up after
 * that, and with the process killed in between. Nothing that was acknowledged may be gone, nothing that a process showed after
 * it came back, and nothing may be half. With any one sync left out, something is.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { scratchFolderInMemory } from "../../bench/scratch.ts"
import * as DispatchQueueFile from "../../layers/DispatchQueueFile.ts"
import { Disk, type DiskOperations, nodeDisk, type SyncPoint } from "../../layers/DurableFile.ts"
import { type Outcome, PowerCutDisk } from "../../layers/PowerCutDisk.ts"
import * as SessionStoreFile from "../../layers/SessionStoreFile.ts"
import { runStarted } from "../../layers/Testing.ts"
import * as TriggerStoreFile from "../../layers/TriggerStoreFile.ts"
import { RunId, SessionId } from "../../schemas/Ids.ts"
import type { RunEvent } from "../../schemas/RunEvent.ts"
import { DispatchQueue } from "../../src/schedule/DispatchQueue.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { TriggerStore } from "../../src/trigger/TriggerStore.ts"
import { scopeAt } from "../conformance/TemporaryScope.ts"

const [one, two] = [RunId.make("run-1"), RunId.make("run-2")]

/** What everything there can be asked, as texts. A run that is not there has no texts. */
interface Seen {
  readonly [name: string]: ReadonlyArray<string>
}

/** For each name, every answer that is no lie: what was acknowledged and, while something is under way, what it would make of it. */
type Truth = Map<string, ReadonlyArray<ReadonlyArray<string>>>

const failed = (error: string): RunEvent => ({
  _tag: "PhaseFailed",
  phase: "review",
  attempt: 1,
  error,
  duration_ms: 1
})
const textOf = (event: RunEvent) => event._tag === "PhaseFailed" ? event.error.slice(0, 8) : event._tag

const services = Effect.gen(function*() {
  return { store: yield* SessionStore, queue: yield* DispatchQueue, triggers: yield* TriggerStore }
})
type Services = Effect.Success<typeof services>

/** The stores of one process, which are given back at its end, over a disk. */
const process = <A, E>(folder: string, disk: DiskOperations, body: (services: Services) => Effect.Effect<A, E>) => {
  const store = Layer.effect(SessionStore, Effect.map(SessionStoreFile.driver, SessionStore.make))
  const layer = Layer.mergeAll(store, DispatchQueueFile.layer, TriggerStoreFile.layer).pipe(
    Layer.provide(scopeAt(folder, Path.dirname(folder)))
  )
  return Effect.flatMap(services, body).pipe(
    Effect.provide(Layer.fresh(layer)),
    Effect.provideService(Disk, disk)
  )
}

const look = Effect.fnUntraced(function*({ queue, store, triggers }: Services) {
  const seen: { [name: string]: ReadonlyArray<string> } = {}
  for (const run of [one, two]) {
    seen[run] = yield* store.read(run).pipe(
      Effect.map((entries) => entries.map(({ event }) => textOf(event))),
      Effect.catchTag("RunNotFound", () => Effect.succeed([]))
    )
    seen[`session of ${run}`] = [String((yield* store.session(run, "review"))?.status)]
  }
  seen["unreadable"] = (yield* store.unreadable).map(({ failure }) => failure.message)
  seen["queue"] = (yield* queue.list).map(({ dispatch }) => dispatch.subject.id)
  seen["trigger"] = [String((yield* triggers.load("t")).cursor)]
  return seen satisfies Seen
})

const nothing: Seen = {
  [one]: [],
  [two]: [],
  [`session of ${one}`]: ["undefined"],
  [`session of ${two}`]: ["undefined"],
  unreadable: [],
  queue: [],
  trigger: ["undefined"]
}

const certain = (seen: Seen): Truth => new Map(Object.entries(seen).map(([name, texts]) => [name, [texts]]))

const prefixes = (from: ReadonlyArray<string>, more: ReadonlyArray<string>) =>
  [...more, ""].map((_, count) => [...from, ...more.slice(0, count)])

class Life {
  readonly truth: Truth
  killed = false
  constructor(truth: Truth) {
    this.truth = truth
  }

  now(name: string): ReadonlyArray<string> {
    return this.truth.get(name)?.at(-1) ?? []
  }

  /** While it is under way, any of `possible` may be found; then the last of them, or what was before if it failed. */
  change<A, E>(name: string, possible: ReadonlyArray<ReadonlyArray<string>>, effect: Effect.Effect<A, E>) {
    const before = this.now(name)
    return Effect.suspend(() => {
      this.believe(name, [before, ...possible])
      return effect
    }).pipe(
      Effect.tap(() => Effect.sync(() => this.believe(name, possible.slice(-1)))),
      Effect.tapError((error) => Effect.sync(() => isFull(error) && this.believe(name, [before])))
    )
  }

  /** A process that was killed tells nobody anything. */
  believe(name: string, answers: ReadonlyArray<ReadonlyArray<string>>): void {
    if (!this.killed) this.truth.set(name, answers)
  }

  append({ store }: Services, run: RunId, ...events: [RunEvent, ...ReadonlyArray<RunEvent>]) {
    const before = this.now(run)
    return this.change(run, prefixes(before, events.map(textOf)), store.append(run, before.length, events))
  }

  session({ store }: Services, run: RunId, status: "pending" | "running" | "completed") {
    const record = {
      workflow_id: run,
      phase_id: "review",
      attempt: 1,
      // More than a sector, so that it can be torn.
      provider: "p".repeat(700),
      run_id: SessionId.make("s"),
      provider_session_id: null,
      status,
      started_at: "t"
    }
    return this.change(`session of ${run}`, [[status]], store.putSession(record))
  }

  remove({ store }: Services, run: RunId) {
    return this.change(`session of ${run}`, [["undefined"]], this.change(run, [[]], store.remove(run)))
  }

  enqueue({ queue }: Services, id: string) {
    const dispatch = {
      subject: { kind: "task", id, labels: [], metadata: {} },
      workflow_ref: "w",
      vars: {},
      trigger_source: "test",
      requested_at: "2026-01-01T00:00:00.000Z"
    }
    return this.change("queue", [[...this.now("queue"), id]], queue.enqueue(dispatch, 0))
  }

  trigger({ triggers }: Services, cursor: string) {
    const record = { seen: [], pending: [], dropped: 0, cursor }
    return this.change("trigger", [[cursor]], triggers.save("t", record))
  }
}

const isFull = (error: unknown): boolean => String(error).includes("no space left")

const long = (text: string) => failed(text.padEnd(400, text))

/** What a daemon would do, a bit of each, with a disk that is full for a moment. */
const live = (life: Life, disk: PowerCutDisk) =>
  Effect.fnUntraced(function*(services: Services) {
    yield* life.append(services, one, runStarted("w"))
    yield* life.session(services, one, "pending")
    yield* life.append(services, one, failed("two"), failed("three"))
    disk.room = 600
    const refused = life.append(services, one, long("lost"), long("gone"))
    yield* Effect.catchIf(Effect.asVoid(refused), isFull, () => Effect.void)
    yield* life.append(services, one, failed("four"))
    yield* life.session(services, two, "running")
    yield* life.append(services, two, runStarted("w"))
    yield* life.session(services, two, "completed")
    yield* life.append(services, two, { _tag: "RunCompleted", reason: "done" })
    yield* life.enqueue(services, "T-1")
    yield* life.trigger(services, "a")
    yield* life.remove(services, two)
    yield* life.session(services, one, "completed")
    yield* life.trigger(services, "b")
    yield* life.enqueue(services, "T-2")
    yield* life.append(services, one, failed("five"))
  })

/** One that came back: what it sees it must be able to build on. */
const goOn = (life: Life) =>
  Effect.fnUntraced(function*(services: Services) {
    const seen = yield* look(services)
    for (const [name, answers] of certain(seen)) life.truth.set(name, answers)
    const first: RunEvent = life.now(one).length === 0 ? runStarted("w") : failed("next")
    yield* life.append(services, one, first)
  })

interface Morning {
  readonly outcome: Outcome
  readonly truth: Truth
}

/** Of those that are alike only one. */
class Mornings {
  readonly all = new Map<string, Morning>()

  add(disk: PowerCutDisk, truth: Truth): void {
    for (const outcome of disk.outcomes()) {
      const hash = createHash("sha256").update(JSON.stringify([...truth]))
      for (const [path, content] of [...outcome].toSorted(([a], [b]) => a < b ? -1 : 1)) {
        hash.update(path).update(content ?? "/")
      }
      const key = hash.digest("hex")
      if (!this.all.has(key)) this.all.set(key, { outcome, truth: new Map(truth) })
    }
  }
}

/** Nothing more happens in a process after so many changes. */
const stopAfter = (changes: number, life: Life, last: () => void) => {
  let left = changes
  return async () => {
    if (left-- <= 0) life.killed = true
    if (life.killed) throw Object.assign(new Error("killed"), { code: "EIO" })
    // What came before was looked at in a shorter life.
    if (left === 0) last()
  }
}

/** A life that is killed after so many changes, and one that follows; answers whether the first came to its end. */
const lives = Effect.fnUntraced(function*(mornings: Mornings, without: SyncPoint | undefined, changes: number) {
  const root = yield* scratchFolderInMemory
  const folder = Path.join(root, "config", "scope")
  let before: () => Promise<void> = () => Promise.resolve()
  const disk = new PowerCutDisk({ root, before: () => before(), ...(without === undefined ? {} : { without }) })
  // Made by somebody who did not care for power cuts.
  yield* Effect.promise(() => disk.operations.makeFolder(folder))
  const life = new Life(certain(nothing))
  const note = () => mornings.add(disk, life.truth)
  before = stopAfter(changes, life, note)
  const first = yield* Effect.exit(process(folder, disk.operations, live(life, disk)))
  disk.room = Number.POSITIVE_INFINITY
  life.killed = false
  before = async () => note()
  yield* process(folder, disk.operations, goOn(life))
  note()
  return Exit.isSuccess(first)
}, Effect.scoped)

/** Nobody cuts the power of the morning after. */
const calmDisk: DiskOperations = { ...nodeDisk, sync: () => Promise.resolve(), syncFolder: () => Promise.resolve() }

const wakeUp = Effect.fnUntraced(function*({ outcome, truth }: Morning) {
  const root = yield* scratchFolderInMemory
  for (const [path, content] of outcome) {
    const whole = Path.join(root, path)
    if (content === undefined) Fs.mkdirSync(whole, { recursive: true })
    else Fs.writeFileSync(whole, content)
  }
  const folder = Path.join(root, "config", "scope")
  Fs.mkdirSync(folder, { recursive: true })
  const seen = yield* Effect.exit(process(folder, calmDisk, look))
  if (Exit.isFailure(seen)) return [`the stores cannot be opened: ${seen.cause}`]
  return Object.entries(seen.value).flatMap(([name, texts]) => {
    const allowed = (truth.get(name) ?? []).map((one) => one.join())
    return allowed.includes(texts.join()) ? [] : [`${name} is ${texts.join()}, not ${allowed.join(" or ")}`]
  })
}, Effect.scoped)

/** Lives after which what they left is looked at. */
const BATCH = 10

/** The first thing that is not as it was promised; everything is tried when there is none. */
const violation = Effect.fnUntraced(function*(without?: SyncPoint) {
  const mornings = new Mornings()
  let checked = 0
  for (let changes = 1;; changes++) {
    const ended = yield* lives(mornings, without, changes)
    if (!ended && changes % BATCH > 0) continue
    const found = yield* Effect.forEach([...mornings.all.values()].slice(checked), wakeUp, { concurrency: 16 })
    checked = mornings.all.size
    const [first] = found.flat()
    if (first !== undefined || ended) return { first, mornings: checked, changes }
  }
})

describe("a power cut", { timeout: 600_000 }, () => {
  it.effect("loses nothing that was acknowledged or shown, and leaves nothing half, whenever it comes", () =>
    Effect.gen(function*() {
      const { changes, first, mornings } = yield* violation()
      assert.isUndefined(first)
      assert.isAbove(changes, 60)
      assert.isAbove(mornings, 200)
    }))

  const points: Readonly<Record<SyncPoint, true>> = {
    append: true,
    cut: true,
    settle: true,
    content: true,
    first: true,
    file: true,
    folder: true,
    removal: true
  }
  for (const point of Object.keys(points)) {
    it.effect(`without the sync "${point}" it does`, () =>
      Effect.gen(function*() {
        const { first } = yield* violation(point as SyncPoint)
        assert.isDefined(first)
      }))
  }
})
