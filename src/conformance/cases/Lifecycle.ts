/** From `initialize` to the end of the process. */
import { Effect, Exit, Schema } from "effect"
import { PluginHealth } from "../../../schemas/Health.ts"
import { ErrorCode, isCompatibleProtocol } from "../../../schemas/JsonRpc.ts"
import { InitializeResult } from "../../../schemas/PluginLifecycle.ts"
import { type Begun, type Bench, capabilitiesOf, hello, type Started } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { Finding, NotApplicable } from "../Finding.ts"
import { reasonOf } from "../Notes.ts"
import type { Answer, Session } from "../Session.ts"
import { shown } from "../Shown.ts"

export const HANDSHAKE = "lifecycle.handshake"
export const PING = "lifecycle.ping"

const decodeInitialize = Schema.decodeUnknownExit(InitializeResult)
const decodeHealth = Schema.decodeUnknownExit(PluginHealth)

export const ping = (session: Session) =>
  Effect.flatMap(
    session.ask("$/ping", undefined, { millis: session.limits.ping }),
    ({ error, frame }) => error === undefined ? Effect.void : Effect.fail(session.finding(shown(frame)))
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
    yield* refused(session, yield* session.ask(method, {}), ErrorCode.PluginNotInitialized)
    const { error, frame } = yield* session.ask("initialize", hello(root))
    if (error !== undefined) return yield* session.finding(shown(frame))
    yield* refused(session, yield* session.ask(method, {}), ErrorCode.PluginNotInitialized)
  })

const handshake = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.begun
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

const otherMajor = (bench: Bench) =>
  Effect.gen(function*() {
    const root = yield* bench.projectRoot
    const session = yield* bench.start(root)
    const { error, frame } = yield* session.ask("initialize", hello(root, "99.0.0"))
    if (error === undefined) return yield* session.finding(shown(frame))
  })

const twice = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.begun
    const { error, frame } = yield* session.ask("initialize", hello(session.projectRoot))
    if (error !== undefined) return yield* session.finding(shown(frame))
    yield* ping(session)
  })

const health = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.begun
    const { error, frame, result } = yield* session.ask("health/check", undefined, { millis: session.limits.health })
    if (error !== undefined) return yield* session.finding(shown(frame))
    const read = decodeHealth(result)
    if (Exit.isFailure(read)) return yield* session.finding(reasonOf(read))
  })

const unknownMethod = (method: string) => (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.begun
    yield* refused(session, yield* session.ask(method, {}), ErrorCode.MethodNotFound)
  })

const unknownNotification = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.begun
    yield* session.notify("$/animus-conformance", { n: 1 })
    yield* session.notify("$/cancelRequest", { id: 987_654_321 })
    yield* ping(session)
    const answers = session.received.filter((frame) => "error" in frame)
    if (answers.length > 0) return yield* session.finding(`a notification was answered: ${shown(answers[0])}`)
  })

const shutdown = (session: Session): Effect.Effect<void, Finding> =>
  Effect.flatMap(
    session.ask("shutdown", undefined, { millis: session.limits.shutdown }),
    ({ error, frame, result }) =>
      error === undefined && JSON.stringify(result) === "{}"
        ? Effect.void
        : Effect.fail(session.finding(`${shown(frame)} instead of the result {}`))
  )

/** Opens the plugin, does `end` to it, and waits for the process as long as a host does. */
const ends =
  (after: string, end: (session: Begun, bench: Bench) => Effect.Effect<void, Finding | NotApplicable>) =>
  (bench: Bench) =>
    Effect.gen(function*() {
      const session = yield* bench.begun
      yield* end(session, bench)
      yield* session.exited(session.limits.exit, after)
    })

const exit = (session: Session) => session.notify("exit")

const eofAtOnce = (bench: Bench) =>
  Effect.gen(function*() {
    const session: Started = yield* bench.start(yield* bench.projectRoot)
    yield* session.closeStdin
    // It has to start first: the bound of the exit alone would be that of the machine.
    yield* session.exited(bench.patience, "the end of its stdin")
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
    run: (bench) => Effect.flatMap(bench.begun, ping)
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
    says: "after `exit` the host waits 2 s for the process to end, then kills it",
    needs: [HANDSHAKE, "lifecycle.shutdown"],
    run: ends("exit", (session) => Effect.andThen(shutdown(session), exit(session)))
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
    says: "`shutdown`, then the end of stdin without `exit`, must also work",
    needs: [HANDSHAKE, "lifecycle.shutdown", "lifecycle.eof"],
    run: ends("the end of its stdin", (session) => Effect.andThen(shutdown(session), session.closeStdin))
  },
  {
    id: "lifecycle.eof-at-once",
    title: "the process ends when stdin ends before initialize",
    section: "§2",
    says: "the end of stdin is an implicit `exit`",
    needs: [HANDSHAKE, "lifecycle.eof"],
    run: eofAtOnce
  }
]
