/** How frames are read and written, whatever they are about. */
import { Effect } from "effect"
import { type Bench } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { Finding } from "../Finding.ts"
import type { Session } from "../Session.ts"
import { shown } from "../Shown.ts"
import { HANDSHAKE, PING, ping } from "./Lifecycle.ts"

const ids: ReadonlyArray<string | number> = ["", "ä €/𝄞", 0, 9_007_199_254_740_991, "x".repeat(300)]
const TWIN = 700_001
const PIPELINED = 200
const BIG_BYTES = 4 * 1024 * 1024
const BIG_FACTOR = 4

const idsEchoed = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    for (const id of ids) yield* session.ask("$/ping", undefined, { id })
    // Both are under way together: the one must not be taken for the other.
    yield* session.begin("$/ping", undefined, String(TWIN))
    yield* session.begin("health/check", undefined, TWIN)
    yield* session.answerTo(String(TWIN))
    yield* session.answerTo(TWIN)
  })

const pipelined = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    const asked: Array<string | number> = []
    // Announced one by one, in one go on the wire: the pipe gathers what is written in one tick.
    yield* Effect.forEach(
      Array.from({ length: PIPELINED }),
      () => Effect.map(session.begin("$/ping"), (id) => void asked.push(id)),
      { discard: true }
    )
    yield* Effect.forEach(asked, (id) => session.answerTo(id), { discard: true })
  })

const survives = (text: string) => (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    yield* session.write(text)
    yield* pingAfter(session, text)
  })

const pingAfter = (session: Session, text: string) =>
  Effect.mapError(
    ping(session),
    ({ got }) => new Finding({ sent: shown(text.trimEnd()), got: `the ping after it: ${got}` })
  )

const lineSeparators = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    const { error, frame } = yield* session.ask("$/ping", { text: "a\u2028b\u2029c\u0085d" }, {
      millis: session.limits.ping
    })
    if (error !== undefined) return yield* session.finding(shown(frame))
  })

/** Shells read their input byte by byte: slow is not deaf. */
const bigFrame = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    const millis = bench.patience * BIG_FACTOR
    const { error, frame } = yield* session.ask("$/ping", { padding: "x".repeat(BIG_BYTES) }, { millis })
    if (error !== undefined) return yield* session.finding(shown(frame))
  })

const eofAfterRequests = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.begun
    for (let sent = 0; sent < 3; sent++) yield* session.begin("$/ping")
    yield* session.closeStdin
    yield* session.exited(bench.patience, "the end of its stdin")
  })

const needs = [HANDSHAKE, PING]

export const wireCases: ReadonlyArray<Case> = [
  {
    id: "wire.ids",
    title: "string and number ids come back as they were",
    section: "§1",
    says: "ids are strings or numbers; 1 and \"1\" are different ids",
    needs,
    run: idsEchoed
  },
  {
    id: "wire.pipelined",
    title: `${PIPELINED} requests at once are all answered`,
    section: "§1",
    says: "requests are correlated by id; answers may come in any order",
    needs,
    run: pipelined
  },
  {
    id: "wire.blank-lines",
    title: "blank lines are skipped",
    section: "§1",
    says: "blank and whitespace lines are skipped",
    needs,
    run: survives("\n  \n\t\n")
  },
  {
    id: "wire.garbage",
    title: "a line that is not JSON closes nothing",
    section: "§1",
    says: "a reader must not close the channel on one bad frame (log and discard; it may answer -32700 with id null)",
    needs,
    run: survives("this is no frame\n")
  },
  {
    id: "wire.line-separators",
    title: "only a newline ends a frame",
    section: "§1",
    says:
      "one JSON value per \\n; U+2028, U+2029 and U+0085 may stand in a string (some line readers end a line there)",
    needs,
    run: lineSeparators
  },
  {
    id: "wire.big-frame",
    title: `a frame of ${BIG_BYTES / 1024 / 1024} MiB is read`,
    section: "§1",
    says: "frames up to 16 MiB are read",
    needs,
    run: bigFrame
  },
  {
    id: "wire.eof-under-way",
    title: "the process ends when stdin ends with requests under way",
    section: "§2",
    says: "the end of stdin is an implicit `exit`; requests under way do not keep the process",
    needs: [HANDSHAKE, "lifecycle.eof"],
    run: eofAfterRequests
  }
]

/** What was seen in all the others. They come last. */
export const seenCases: ReadonlyArray<Case> = [
  {
    id: "wire.stdout",
    title: "stdout carries frames and nothing else",
    section: "§1",
    says: "stdout is one JSON-RPC frame a line; what is meant for people goes to stderr",
    run: ({ notes: { impure } }) =>
      impure.size === 0 ? Effect.void : Effect.fail(new Finding({ got: [...impure].join("\n") }))
  },
  {
    id: "wire.frames",
    title: "every frame fits its schema",
    section: "§1, §2.4",
    says: "answers have the id of their request and exactly one of result and error; notifications have their params",
    run: ({ notes: { unfit } }) =>
      unfit.size === 0 ? Effect.void : Effect.fail(new Finding({ got: [...unfit].join("\n") }))
  }
]
