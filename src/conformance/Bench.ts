/** What every case stands on: how the plugin is started, what is known of it, and how long it may take. */
import { Duration, Effect, FileSystem, Option, Path, type Scope, Stream } from "effect"
import type { InitializeResult } from "../../schemas/PluginLifecycle.ts"
import { kindsOf as kindsIn, type PluginManifest, subjectKindsOf } from "../../schemas/PluginManifest.ts"
import { bareEnvironment } from "../plugin/PluginEnvironment.ts"
import { type PluginExit, type PluginPipes, PluginProcess } from "../plugin/PluginProcess.ts"
import { COOKIE_VARIABLE, GENERATION_VARIABLE, markVariables, PLUGIN_VARIABLE } from "../project/HostEnvironment.ts"
import { type ProcessRow, ProcessTable } from "../project/ProcessTable.ts"
import { Finding } from "./Finding.ts"
import { limitsFor } from "./Limits.ts"
import type { Notes } from "./Notes.ts"
import { converse, type Session } from "./Session.ts"
import { makeSharing, type Shared } from "./Sharing.ts"
import { shown } from "./Shown.ts"

export interface Target {
  /** What the report calls it. */
  readonly label: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
  /** The host's environment; the plugin sees what a daemon would let it see. */
  readonly env: Readonly<Record<string, string>>
}

/** What the plugin says of itself; filled in by the first cases. */
export interface Profile {
  /** What `--manifest` printed, once it was JSON. */
  printed: unknown
  manifest: PluginManifest | undefined
  initialized: InitializeResult | undefined
}

export interface Printed {
  readonly stdout: string
  readonly exit: PluginExit
}

const PRINTED_BYTES = 1024 * 1024
const STATE_DIR = "ANIMUS_STATE_DIR"
/** For the first answer of a process, which has to start before: a host waits 30 seconds for the handshake, and 10 for an answer. */
export const starting = (patience: number): number => patience * 3

export const kindsOf = ({ initialized, manifest }: Profile): ReadonlyArray<string> => {
  const said = manifest ?? initialized?.plugin_info
  return said === undefined ? [] : kindsIn(said)
}

/** Methods and feature tokens, from both places where a plugin lists them. */
export const capabilitiesOf = ({ initialized, manifest }: Profile): ReadonlySet<string> =>
  new Set([...manifest?.capabilities ?? [], ...initialized?.capabilities.methods ?? []])

export const subjectKinds = ({ initialized, manifest }: Profile): ReadonlyArray<string> =>
  manifest === undefined ? initialized?.capabilities.subject_kinds ?? [] : subjectKindsOf(manifest)

export const canCancel = (profile: Profile): boolean =>
  profile.initialized?.capabilities.cancellation === true || capabilitiesOf(profile).has("cancellation")

export const hello = (projectRoot: string | undefined, version = "1.1.0") => ({
  protocol_version: version,
  host_info: { name: "animus", version: "0.1.0" },
  capabilities: { streaming: true, progress: true, cancellation: true },
  ...(projectRoot === undefined ? {} : { init_extensions: { project_binding: { project_root: projectRoot } } })
})

const collect = <E>(stream: Stream.Stream<Uint8Array, E>, name: string) =>
  stream.pipe(
    Stream.mapError((error) => new Finding({ got: `its ${name} cannot be read: ${String(error)}` })),
    Stream.runFoldEffect(
      () => ({ size: 0, text: "", decoder: new TextDecoder() }),
      ({ decoder, size, text }, chunk) =>
        size + chunk.length > PRINTED_BYTES
          ? Effect.fail(new Finding({ got: `its ${name} has more than ${PRINTED_BYTES} bytes` }))
          : Effect.succeed({ size: size + chunk.length, text: text + decoder.decode(chunk, { stream: true }), decoder })
    ),
    Effect.map(({ text }) => text)
  )

const printed = Effect.fnUntraced(function*(pipes: PluginPipes, switches: string) {
  yield* pipes.closeStdin
  const [stdout, stderr, exit] = yield* Effect.all(
    [collect(pipes.stdout, "stdout"), collect(pipes.stderr, "stderr"), pipes.exit],
    { concurrency: 3 }
  )
  if (exit.code === 0) return { stdout, exit } satisfies Printed
  const how = exit.signal === undefined ? `exit code ${exit.code}` : exit.signal
  return yield* new Finding({ sent: switches, got: `it ended with ${how}; stderr: ${shown(stderr.trim())}` })
})

export interface Started extends Session {
  /** The plugin itself and whatever it started, as far as it still runs. */
  readonly running: Effect.Effect<ReadonlyArray<ProcessRow>>
  /** SIGKILL to its group; false where that cannot be done. */
  readonly kill: Effect.Effect<boolean>
}

export interface Begun extends Started {
  readonly projectRoot: string
  readonly initialized: unknown
}

export interface Bench {
  readonly profile: Profile
  readonly notes: Notes
  /** Milliseconds for an answer that the protocol does not bound. */
  readonly patience: number
  readonly projectRoot: Effect.Effect<string, Finding, Scope.Scope>
  /** A process to which nothing was said yet, working in this folder. */
  readonly start: (projectRoot: string) => Effect.Effect<Started, Finding, Scope.Scope>
  /** A process that is open for work in this folder. */
  readonly open: (projectRoot: string) => Effect.Effect<Begun, Finding, Scope.Scope>
  /** The same, in a project of its own that is removed with it. */
  readonly begun: Effect.Effect<Begun, Finding, Scope.Scope>
  /** The same, for cases that leave a process as they found it: others had it before, and will have it after. */
  readonly shared: Effect.Effect<Shared<Begun>, Finding, Scope.Scope>
  /** Runs the plugin for a switch such as `--manifest`; `bare`: with nothing but the PATH. */
  readonly print: (option: string, bare?: boolean) => Effect.Effect<Printed, Finding>
}

/** Every variable the manifest asks for, as a daemon would pass them, and a state folder that is nobody's. */
const environment = ({ env, label }: Target, profile: Profile, cookie: string, state: string) => {
  const asked = (profile.manifest?.env_required ?? []).map(({ name }) => name).filter((name) =>
    !markVariables.has(name)
  )
  const picked = asked.flatMap((name) => env[name] === undefined ? [] : [[name, env[name]] as const])
  return {
    ...bareEnvironment(env),
    ...Object.fromEntries(picked),
    ...(asked.includes(STATE_DIR) ? { [STATE_DIR]: state } : {}),
    [COOKIE_VARIABLE]: cookie,
    [GENERATION_VARIABLE]: "conformance",
    [PLUGIN_VARIABLE]: label
  }
}

const handshake = Effect.fnUntraced(function*(session: Session, projectRoot: string, patience: number) {
  const answer = yield* session.ask("initialize", hello(projectRoot), { millis: starting(patience) })
  if (answer.error !== undefined) return yield* session.finding(shown(answer.frame))
  yield* session.notify("initialized")
  return answer
})

export const makeBench = Effect.fnUntraced(function*(
  target: Target,
  notes: Notes,
  { cookie, patience }: { readonly cookie: string; readonly patience: number }
) {
  const processes = yield* PluginProcess
  const table = yield* ProcessTable
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const profile: Profile = { printed: undefined, manifest: undefined, initialized: undefined }
  const { manifest } = limitsFor(patience)
  const [program, ...prefix] = target.command

  const spawn = (args: ReadonlyArray<string>, cwd: string, env: Readonly<Record<string, string>>) =>
    Effect.mapError(
      processes.spawn({ plugin: target.label, path: program, args: [...prefix, ...args], cwd, env }),
      ({ detail }) =>
        new Finding({ sent: [program, ...prefix, ...args].join(" "), got: `it cannot be started: ${detail}` })
    )

  const projectRoot = fs.makeTempDirectoryScoped({ prefix: "animus-plugin-test-" }).pipe(
    Effect.flatMap(fs.realPath),
    Effect.mapError((error) => new Finding({ got: `no folder to work in: ${error.message}` }))
  )

  let started = 0
  const start: Bench["start"] = Effect.fnUntraced(function*(root) {
    const mark = `${cookie}-${++started}`
    const pipes = yield* spawn([], root, environment(target, profile, mark, path.join(root, ".state")))
    const session = yield* converse(pipes, notes, patience)
    return { ...session, running: table.carrying(mark), kill: table.signalGroup(pipes.pid, "SIGKILL") }
  })

  const open: Bench["open"] = Effect.fnUntraced(function*(root) {
    const session = yield* start(root)
    const { result } = yield* handshake(session, root, patience)
    return { ...session, projectRoot: root, initialized: result }
  })
  const begun: Bench["begun"] = Effect.flatMap(projectRoot, open)

  const print: Bench["print"] = (option, bare = false) => {
    const base = bareEnvironment(target.env)
    const env = bare ? bareEnvironment({ PATH: base["PATH"] ?? "" }) : base
    return Effect.scoped(
      Effect.flatMap(
        projectRoot,
        (root) => Effect.flatMap(spawn([option], root, env), (pipes) => printed(pipes, option))
      )
    ).pipe(
      Effect.timeoutOption(Duration.millis(manifest)),
      Effect.flatMap(Option.match({
        onNone: () => Effect.fail(new Finding({ sent: option, got: `it did not end within ${manifest} ms` })),
        onSome: Effect.succeed
      }))
    )
  }

  const shared = yield* makeSharing(begun)
  return { profile, notes, patience, projectRoot, start, open, begun, shared, print } satisfies Bench
})
