/** Subject backends: only subjects that were created here are changed. */
import { Effect, Exit, Option, Schema } from "effect"
import { ErrorCode } from "../../../schemas/JsonRpc.ts"
import { decodeSubjectAnswer, Subject, SubjectList, SubjectSchema } from "../../../schemas/Subject.ts"
import { type Bench, capabilitiesOf, subjectKinds } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { HANDSHAKE } from "../cases/Lifecycle.ts"
import { NotApplicable } from "../Finding.ts"
import type { Session } from "../Session.ts"
import { shown } from "../Shown.ts"
import { type Advertised, type Extra, isUnavailable, type KindTrials, type Talk, text, type Trial } from "../Trial.ts"

const TITLE = "Animus conformance test"
const NOBODY = "animus-conformance-no-such-subject"

const kindIn = ({ bench }: Pick<Talk, "bench">): string => subjectKinds(bench.profile)[0] ?? "task"
/** A glob claims every kind below it. */
const plain = (kind: string): string => kind.endsWith(".*") ? `${kind.slice(0, -2)}.conformance` : kind

const bare = Schema.decodeUnknownExit(Subject)
const subjectOrNone = (result: unknown) => Effect.runSyncExit(decodeSubjectAnswer(result))
/** Bare, or as the text of the specification has it, under `subject`. */
const subject = (result: unknown): Exit.Exit<unknown, Schema.SchemaError> =>
  Exit.match(subjectOrNone(result), {
    onFailure: () => bare(result),
    onSuccess: (found) => Option.isSome(found) ? Exit.succeed(found.value) : bare(result)
  })

export const isAdvertised: Advertised = ({ profile }, method) => {
  const verb = method.slice(method.indexOf("/") + 1)
  const capabilities = capabilitiesOf(profile)
  return ["subject", ...subjectKinds(profile)].some((prefix) => capabilities.has(`${prefix}/${verb}`))
}

/** As the host will say it, however bare it came. */
const idOf = (result: unknown, kind: string): string => {
  const id = text(Object(result).subject ?? result, "id")
  return id === "" || id.includes(":") ? id : `${kind}:${id}`
}

const created = (talk: Talk) =>
  isAdvertised(talk.bench, "subject/create")
    ? Effect.map(talk.first("subject/create"), ({ result }) => idOf(result, plain(kindIn(talk))))
    : Effect.fail(new NotApplicable({ reason: "it creates no subjects, and one that is there would be changed" }))

const existing = Effect.fnUntraced(function*(talk: Talk) {
  if (isAdvertised(talk.bench, "subject/create")) return yield* created(talk)
  const { result } = yield* talk.first("subject/list")
  const id = idOf([Object(result).subjects].flat()[0], plain(kindIn(talk)))
  return id === "" ? yield* new NotApplicable({ reason: "it creates no subjects and lists none" }) : id
})

const onCreated = (extra: object) => (talk: Talk) => Effect.map(created(talk), (id) => ({ id, ...extra }))

const trial = (verb: string, optional: boolean, decode: Trial["decode"], extra: Extra = {}): Trial => ({
  method: `subject/${verb}`,
  optional,
  decode,
  params: () => Effect.succeed({}),
  excuses: isUnavailable,
  shares: true,
  ...extra
})

export const subjectBackend: KindTrials = {
  kind: "subject_backend",
  section: "§7",
  trials: [
    trial("list", false, Schema.decodeUnknownExit(SubjectList)),
    trial("get", false, subject, { params: (talk) => Effect.map(existing(talk), (id) => ({ id })) }),
    trial("schema", true, Schema.decodeUnknownExit(SubjectSchema)),
    trial("create", true, subject, {
      params: (talk) => Effect.succeed({ kind: plain(kindIn(talk)), title: TITLE, body: "May be deleted." })
    }),
    trial("update", true, subject, { params: onCreated({ patch: { labels_add: ["conformance"] } }) }),
    trial("status", true, subject, { params: onCreated({ status: "done" }) }),
    trial("next", true, subjectOrNone, { params: (talk) => Effect.succeed({ kind: plain(kindIn(talk)) }) }),
    trial("delete", true, Schema.decodeUnknownExit(Schema.Struct({ ok: Schema.Literal(true) })), {
      params: onCreated({})
    }),
    trial(
      "watch",
      true,
      Schema.decodeUnknownExit(Schema.Union([Schema.Null, Schema.Record(Schema.String, Schema.Unknown)])),
      { shares: false }
    )
  ]
}

/** Every form of list under the kind's own name, and get of what it lists. */
const aliasesOf = Effect.fnUntraced(function*(session: Session, kind: string) {
  let id = ""
  for (const params of [{}, { filter: {} }, { limit: 1 }]) {
    const { error, frame, result } = yield* session.ask(`${kind}/list`, params)
    if (error !== undefined) return yield* session.finding(shown(frame))
    id ||= idOf([Object(result).subjects].flat()[0], kind)
  }
  const { error, frame } = yield* session.ask(`${kind}/get`, { id: id === "" ? `${kind}:${NOBODY}` : id })
  const isServed = id === "" ? error?.code !== ErrorCode.MethodNotFound : error === undefined
  if (!isServed) return yield* session.finding(shown(frame))
})

const aliases = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    for (const kind of subjectKinds(bench.profile).map(plain)) yield* aliasesOf(session, kind)
  })

const missing = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    const id = `${plain(kindIn({ bench }))}:${NOBODY}`
    const answer = yield* session.ask("subject/get", { id })
    const { error, frame } = answer
    if (isUnavailable(answer)) return yield* new NotApplicable({ reason: `it cannot be tried here: ${error?.message}` })
    if (error?.code !== ErrorCode.InvalidParams || text(error.data, "category") !== "not_found") {
      return yield* session.finding(shown(frame))
    }
  })

export const subjectCases: ReadonlyArray<Case> = [
  {
    id: "subject.aliases",
    title: "list, in both forms, and get are also served under the kind's own name",
    section: "§7.1",
    says:
      "the host routes by the prefix before the first `/` (`task/list`, `task/get`); list params come flat or under " +
      "`filter`",
    needs: [HANDSHAKE, "manifest.subject-kinds", "methods.subject/list"],
    run: aliases
  },
  {
    id: "subject.get-missing",
    title: "a subject that is not there is refused as not_found",
    section: "§7.1, §4",
    says: "get of what is not there is answered -32602 with data.category not_found",
    needs: [HANDSHAKE],
    run: missing
  }
]
