/**
 * A plugin from the npm registry, with what it depends on. npm is asked as a child process with a deadline, and never runs a
 * script of any package.
 */
import { Effect, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { InstallFailed } from "../schemas/errors/InstallErrors.ts"
import { entryOf } from "../src/install/Entry.ts"
import { parseNpmSpec } from "../src/install/NpmSpec.ts"
import type { Fetched } from "../src/install/PluginSources.ts"
import { isFull } from "./DurableFile.ts"
import { noRoom } from "./StoreTrouble.ts"

const DEADLINE = "2 minutes"
const TAIL = 2000
/** Of what npm says, as much as a person reads. */
const LINES = 4

const failed = (spec: string, detail: string) =>
  new InstallFailed({
    what: spec,
    detail,
    fix:
      `See what npm says to it: npm view ${spec}. A plugin on this machine is installed with: animus plugin install --path PATH`
  })

/** Without what npm says before every line, and without its own log, which says no more. */
const wordsOf = (said: string): string =>
  said.split("\n")
    .map((line) => line.replace(/^npm (?:error|ERR!)\s*/, "").trim())
    .filter((line) => line !== "" && !/^(?:code \w+|\d+)$/.test(line) && !line.startsWith("A complete log"))
    .slice(0, LINES)
    .join("; ")

/** The last words of npm, when it fails. */
const npm = Effect.fnUntraced(
  function*(spec: string, folder: string) {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const args = ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
    const quiet = ["--no-package-lock", "--omit=dev", "--install-links", "--loglevel=error"]
    const child = yield* spawner.spawn(ChildProcess.make("npm", [...args, ...quiet, "--", spec], {
      cwd: folder,
      env: { npm_config_update_notifier: "false", npm_config_ignore_scripts: "true" },
      extendEnv: true,
      stdin: "ignore",
      stdout: "ignore",
      detached: true,
      forceKillAfter: "2 seconds"
    }))
    const words = child.stderr.pipe(
      Stream.decodeText,
      Stream.runFold(() => "", (text, piece) => (text + piece).slice(-TAIL))
    )
    const [said, code] = yield* Effect.all([words, child.exitCode], { concurrency: 2 })
    if (/\bENOSPC\b/.test(said)) {
      return yield* noRoom(Path.dirname(folder), "npm found no space left on its disk, or on that of its own cache")
    }
    if (Number(code) !== 0) return yield* failed(spec, `npm ended with exit code ${code}: ${wordsOf(said)}`)
  },
  Effect.scoped,
  (effect, spec) =>
    effect.pipe(
      Effect.catchTag("PlatformError", (error) => Effect.fail(failed(spec, `npm could not be run: ${error.message}`))),
      Effect.timeoutOrElse({
        duration: DEADLINE,
        orElse: () => Effect.fail(failed(spec, `npm did not come to an end within ${DEADLINE}`))
      })
    )
)

export const fetchNpm = Effect.fn("PluginSourceNpm.fetch")(function*(text: string, folder: string) {
  const spec = parseNpmSpec(text)
  if (spec === undefined) {
    return yield* new InstallFailed({
      what: text,
      detail: "it is no package of the npm registry",
      fix: "Name one as NAME or NAME@VERSION, or use --path or --url with --sha256"
    })
  }
  const files = (run: () => Promise<unknown>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) => isFull(cause) ? noRoom(Path.dirname(folder)) : failed(text, String(cause))
    })
  // A project of its own: npm looks no further for one, nor for its settings.
  yield* files(() => Fs.writeFile(Path.join(folder, "package.json"), `{"private":true}\n`))
  yield* npm(text, folder)
  const inside = Path.join("node_modules", spec.name)
  const entry = yield* entryOf(Path.join(folder, inside))
  // npm's own notes name the registry and the hour; they are no part of the plugin.
  yield* files(() => Fs.rm(Path.join(folder, "node_modules", ".package-lock.json"), { force: true }))
  return {
    source_kind: "npm",
    source: text,
    entry: Path.join(inside, entry),
    pinned: spec.pinned
  } satisfies Fetched
})
