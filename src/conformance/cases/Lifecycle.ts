/** From `initialize` to the end of the process. */
import { Effect, Exit, Schema } from "effect"
import { PluginHealth } from "../../../schemas/Health.ts"
import { ErrorCode, isCompatibleProtocol } from "../../../schemas/JsonRpc.ts"
import { InitializeResult } from "../../../schemas/PluginLifecycle.ts"
import type { PluginExit } from "../../plugin/PluginProcess.ts"
import { type Begun, type Bench, capabilitiesOf, hello, type Started, starting } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { Finding, NotApplicable } from "../Finding.ts"
import { reasonOf } from "../Notes.ts"
import type { Answer, Session } from "../Session.ts"
import { shown } from "../Shown.ts"

export const HANDSHAKE = "lifecycle.handshake"
export const PING = "lifecycle.ping"

/** Another minor version than any that was ever released. */
const NEWER = "1.99.7"

const decodeInitialize = Schema.decodeUnknownExit(InitializeResult)
const decodeHealth = Schema.decodeUnknownExit(PluginHealth)

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Keys that nobody asked for are no fault; that it is no object is. */
const answersEmpty = (session: Session, { error, frame, result }: Answer): Effect.Effect<void, Finding> =>
  error === undefined && isObject(result)
    ? Effect.void
    : Effect.fail(session.finding(`${shown(frame)} instead of the result {}`))

export const ping = (session: Session) =>
  Effect.flatMap(
    session.ask("$/ping", undefined, { millis: session.limits.ping }),
    (answer) => answersEmpty(session, answer)
  )

export const refused = (session: Session, { error, frame }: Answer, code: number) =>
  error?.code === code ? Effect.void : Effect.fail(session.finding(`${shown(frame)} instead of error ${code}`))

/** A method that is the plugin's own work, so that it must wait for `initialized`. */
const domainMethod = ({ profile }: Bench): string | undefined =>
  [...capabilitiesOf(profile)].find((name) => /^[a-z][\w.-]*\/\w/i.test(name) && name !== "health/check")

const beforeInitialized = (bench: Bench) =>
  Effect.gen(function*() {
    const method = domainMethod(bench)
    if (method === undefined) return yield* new NotApplicable({ reason: "it lists no method" })
    const root = yield* bench.projectRoot
    const session = yield* bench.start(root)
    const early = yield* session.ask(method, {}, { millis: starting(bench.patience) })
    yield* refused(session, early, ErrorCode.PluginNotInitialized)
    const { error, frame } = yield* session.ask("initialize", hello(root))
    if (error !== undefined) return yield* session.finding(shown(frame))
    yield* refused(session, yield* session.ask(method, {}), ErrorCode.PluginNotInitialized)
  })

const handshake = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    const result = decodeInitialize(session.initialized)
    if (Exit.isFailure(result)) return yield* session.finding(reasonOf(result))
    const { protocol_version } = result.value
    if (!isCompatibleProtocol(protocol_version)) {
      return yield* session.finding(`protocol_version is ${shown(protocol_version)}`)
    }
    bench.profile.initialized = result.value
  })

const agrees = (bench: Bench) =>
  Effect.gen(function*() {
    const { initialized, manifest } = bench.profile
    if (initialized === undefined || manifest === undefined) {
      return yield* new NotApplicable({ reason: "there is no manifest to compare with" })
    }
    for (const field of ["name", "version", "plugin_kind"] as const) {
      if (initialized.plugin_info[field] !== manifest[field]) {
        const said = `plugin_info.${field} is ${shown(initialized.plugin_info[field])}`
        return yield* new Finding({ sent: "initialize", got: `${said}, the manifest says ${shown(manifest[field])}` })
      }
    }
  })

/** Hosts of the same major grow: they send keys that this version does not know. */
const newerHost = (bench: Bench) =>
  Effect.gen(function*() {
    const root = yield* bench.projectRoot
    const session = yield* bench.start(root)
    const { init_extensions, ...known } = hello(root, NEWER)
    const grown = {
      ...known,
      init_extensions: { ...init_extensions, animus_conformance: { n: 1 } },
      animus_conformance: true
    }
    const { error, frame } = yield* session.ask("initialize", grown, { millis: starting(bench.patience) })
    if (error !== undefined) return yield* session.finding(shown(frame))
  })

const otherMajor = (bench: Bench) =>
  Effect.gen(function*() {
    const root = yield* bench.projectRoot
    const session = yield* bench.start(root)
    const { error, frame } = yield* session.ask("initialize", hello(root, "99.0.0"), {
      millis: starting(bench.patience)
    })
    if (error === undefined) return yield* session.finding(shown(frame))
  })

/** Notifications have no id, and neither has an answer to one. */
export const unanswered = Effect.fnUntraced(function*(session: Session, notify: Effect.Effect<void, Finding>) {
  const before = session.received.length
  yield* notify
  yield* ping(session)
  const answer = session.received.slice(before).find(({ id, method }) => method === undefined && id == null)
  if (answer !== undefined) return yield* session.finding(`a notification was answered: ${shown(answer)}`)
})

const twice = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    const { error, frame } = yield* session.ask("initialize", hello(session.projectRoot))
    if (error !== undefined) return yield* session.finding(shown(frame))
    yield* ping(session)
  })

const health = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    const { error, frame, result } = yield* session.ask("health/check", undefined, { millis: session.limits.health })
    if (error !== undefined) return yield* session.finding(shown(frame))
    const read = decodeHealth(result)
    if (Exit.isFailure(read)) return yield* session.finding(reasonOf(read))
  })

const unknownMethod = (method: string) => (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    yield* refused(session, yield* session.ask(method, {}), ErrorCode.MethodNotFound)
  })

const unknownNotification = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.shared
    yield* unanswered(
      session,
      Effect.andThen(
        session.notify("$/animus-conformance", { n: 1 }),
        session.notify("$/cancelRequest", { id: 987_654_321 })
      )
    )
  })

const shutdown = (session: Session): Effect.Effect<void, Finding> =>
  Effect.flatMap(
    session.ask("shutdown", undefined, { millis: session.limits.shutdown }),
    (answer) => answersEmpty(session, answer)
  )

/** A signal is a crash whenever it comes; a code is one after a goodbye that was answered. */
const crashed = ({ code, signal }: PluginExit, isClean: boolean): string | undefined => {
  if (signal !== undefined) return `it was ended by ${signal}`
  return isClean && code !== 0 ? `it ended with exit code ${code}` : undefined
}

/** Opens the plugin, does `end` to it, and waits for the process as long as a host does. */
const ends =
  (after: string, end: (session: Begun) => Effect.Effect<void, Finding>, isClean = false) => (bench: Bench) =>
    Effect.gen(function*() {
      const session = yield* bench.begun
      yield* end(session)
      const how = crashed(yield* session.exited(session.limits.exit, after), isClean)
      if (how !== undefined) return yield* session.finding(`${how} after ${after}`)
    })

const exit = (session: Session) => session.notify("exit")

/** What a crash leaves in the project must not keep the next process from starting. */
const afterCrash = (bench: Bench) =>
  Effect.gen(function*() {
    const root = yield* bench.projectRoot
    const session = yield* bench.open(root)
    if (!(yield* session.kill)) return yield* new NotApplicable({ reason: "it cannot be killed here" })
    yield* session.exited(session.limits.exit, "SIGKILL")
    yield* ping(yield* bench.open(root))
  })

const eofAtOnce = (bench: Bench) =>
  Effect.gen(function*() {
    const session: Started = yield* bench.start(yield* bench.projectRoot)
    yield* session.closeStdin
    // It has to start first: the bound of the exit alone would be that of the machine.
    yield* session.exited(starting(bench.patience), "the end of its stdin")
  })

const needs = [HANDSHAKE]

export const lifecycleCases: ReadonlyArray<Case> = [
  {
    id: HANDSHAKE,
    title: "initialize is answered",
    section: "§2, §2.2",
    says: "the host sends `initialize` and waits 30 s for {protocol_version, plugin_info, capabilities}, then sends " +
      "`initialized`",
    run: handshake
  },
  {
    id: "lifecycle.identity",
    title: "initialize and --manifest name the same plugin",
    section: "§2.2, §2.3",
    says: "plugin_info carries the name, version and plugin_kind of the manifest",
    needs: [HANDSHAKE, "manifest.fields"],
    run: agrees
  },
  {
    id: "lifecycle.other-major",
    title: "initialize of another major version is refused",
    section: "§2",
    says: "a semver major that the plugin does not speak is refused with an error (-32602 or -32600)",
    needs,
    run: otherMajor
  },
  {
    id: "lifecycle.newer-host",
    title: "a newer host of the same major is answered",
    section: "§2",
    says: "only the semver major of protocol_version is compared, and unknown keys are ignored",
    needs,
    run: newerHost
  },
  {
    id: "lifecycle.before-initialized",
    title: "work before initialized is refused with -32000",
    section: "§2",
    says: "a domain request before `initialized` is answered -32000 (plugin_not_initialized)",
    needs,
    run: beforeInitialized
  },
  {
    id: "lifecycle.initialize-twice",
    title: "a second initialize for the same project is answered",
    section: "§2",
    says: "hosts may initialize a plugin that is initialised already; with the same binding that is idempotent",
    needs: [HANDSHAKE, PING],
    run: twice
  },
  {
    id: PING,
    title: "$/ping is answered",
    section: "§2.4",
    says: "`$/ping` is answered {} within 2 s",
    needs,
    run: (bench) => Effect.flatMap(bench.shared, ping)
  },
  {
    id: "lifecycle.health",
    title: "health/check is answered",
    section: "§2.4",
    says: "`health/check` is answered {status: healthy|degraded|unhealthy, …} within 2 s",
    needs,
    run: health
  },
  {
    id: "lifecycle.unknown-method",
    title: "an unknown method is refused with -32601",
    section: "§2.4",
    says: "an unknown method is answered -32601",
    needs,
    run: unknownMethod("animus.conformance/no-such-method")
  },
  {
    id: "lifecycle.unknown-dollar-request",
    title: "an unknown $/ request is refused with -32601",
    section: "§2.4",
    says: "`$/…` with an id is answered -32601",
    needs,
    run: unknownMethod("$/animus-conformance")
  },
  {
    id: "lifecycle.unknown-notification",
    title: "an unknown $/ notification is ignored",
    section: "§2.4, §5",
    says: "an unknown `$/…` notification is ignored, and cancelling an unknown id is a no-op",
    needs: [HANDSHAKE, PING],
    run: unknownNotification
  },
  {
    id: "lifecycle.shutdown",
    title: "shutdown is answered {}",
    section: "§2",
    says: "`shutdown` is answered {} within 2 s",
    needs,
    run: (bench) => Effect.flatMap(bench.begun, shutdown)
  },
  {
    id: "lifecycle.exit",
    title: "the process ends after shutdown and exit",
    section: "§2",
    says: "after `exit` the host waits 2 s for the process to end, then kills it; another exit code than 0 is a crash",
    needs: [HANDSHAKE, "lifecycle.shutdown"],
    run: ends("exit", (session) => Effect.andThen(shutdown(session), exit(session)), true)
  },
  {
    id: "lifecycle.exit-alone",
    title: "the process ends after exit without shutdown",
    section: "§2",
    says: "`exit` ends the process; the host waits 2 s",
    needs: [HANDSHAKE, "lifecycle.exit"],
    run: ends("exit", exit)
  },
  {
    id: "lifecycle.eof",
    title: "the process ends when stdin ends",
    section: "§2",
    says: "the end of stdin is an implicit `exit`",
    needs,
    run: ends("the end of its stdin", (session) => session.closeStdin)
  },
  {
    id: "lifecycle.shutdown-eof",
    title: "the process ends when stdin ends after shutdown",
    section: "§2",
    says: "`shutdown`, then the end of stdin without `exit`, must also work; another exit code than 0 is a crash",
    needs: [HANDSHAKE, "lifecycle.exit", "lifecycle.eof"],
    run: ends("the end of its stdin", (session) => Effect.andThen(shutdown(session), session.closeStdin), true)
  },
  {
    id: "lifecycle.eof-at-once",
    title: "the process ends when stdin ends before initialize",
    section: "§2",
    says: "the end of stdin is an implicit `exit`",
    needs: [HANDSHAKE, "lifecycle.eof"],
    run: eofAtOnce
  },
  {
    id: "lifecycle.crash",
    title: "it starts again after it was killed",
    section: "§8, §9",
    says: "a host restarts a plugin that died in the same project: what its death left there must not stand in the way",
    needs: [HANDSHAKE, PING],
    run: afterCrash
  }
]
