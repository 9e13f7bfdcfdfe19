/** Command phases with real processes: what they get, what they leave, how they are ended. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer, Path, Schedule, type Scope } from "effect"
import * as PhaseRunnerInProcess from "../../layers/PhaseRunnerInProcess.ts"
import type { CommandPhase } from "../../schemas/Workflow.ts"
import { AgentSessions } from "../../src/agent/AgentSessions.ts"
import { Notifications } from "../../src/notify/Notifications.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { performCommand } from "../../src/run/phases/CommandPhase.ts"
import type { InFlight } from "../../src/run/Position.ts"
import type { RunState } from "../../src/run/RunState.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { command, dispatch, run, workflow } from "../run/World.ts"

const attempt: InFlight = { _tag: "InFlight", phase: "test", attempt: 1, nonce: "n", startedAt: "", resumed: false }

const perform = Effect.fnUntraced(function*(
  more: Partial<CommandPhase>,
  root?: string,
  env: Record<string, string> = { PATH: process.env["PATH"] ?? "" }
) {
  const fs = yield* FileSystem.FileSystem
  const projectRoot = root ?? (yield* fs.makeTempDirectoryScoped())
  const phase = command("test", more)
  const heard: Array<string> = []
  const state: RunState = {
    head: { run, workflow: "build", status: "running", started_at: "", updated_at: "", sequence: 1 },
    definition: workflow(phase),
    definitionHash: "",
    dispatch,
    subject: undefined,
    vars: { who: "$(whoami)" },
    phases: [],
    reworks: {},
    position: attempt,
    feedback: undefined,
    recoveries: []
  }
  const host = Layer.succeed(HostEnvironment, { env, cookie: "scope", generation: "7" })
  const doubles = Layer.mergeAll(
    Layer.provideMerge(PhaseRunnerInProcess.layer, [Layer.mock(AgentSessions, {}), host]),
    Layer.mock(Notifications, {
      publish: (_, items) => Effect.sync(() => void items.forEach((item) => "text" in item && heard.push(item.text)))
    }),
    Layer.mock(SessionStore, { appendTranscript: () => Effect.void, location: () => undefined }),
    Layer.succeed(ProjectScope, { projectRoot, projectDir: "", configDir: "", scopeDir: "", socketPath: "" })
  )
  const outcome = yield* performCommand(state, phase, attempt).pipe(Effect.provide(doubles))
  return { outcome, heard, projectRoot }
})

const live = <A, E>(name: string, test: () => Effect.Effect<A, E, NodeServices.NodeServices | Scope.Scope>) =>
  it.live(name, () => test().pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

const sh = (script: string, more: Partial<CommandPhase> = {}) => ({ program: "sh", args: ["-c", script], ...more })

describe("a command phase", () => {
  live("is as sure of its verdict as its author says", () =>
    Effect.gen(function*() {
      const unsure = { confidence: 0.4, failure_risk: "high" as const }
      const failed = yield* perform(sh("exit 1", unsure))
      assert.deepInclude(failed.outcome, { _tag: "Concluded" })
      const said = failed.outcome._tag === "Concluded" ? failed.outcome.decision : undefined
      assert.deepInclude(said, { verdict: "rework", confidence: 0.4, risk: "high" })
      const { outcome } = yield* perform(sh("exit 0", unsure))
      assert.deepInclude(outcome._tag === "Concluded" ? outcome.decision : undefined, { confidence: 0.4, risk: "low" })
    }))

  live("reports exit code and output of both streams, as they come", () =>
    Effect.gen(function*() {
      const { heard, outcome } = yield* perform(sh("echo out; echo err >&2; exit 4"))
      assert.strictEqual(outcome._tag, "Concluded")
      if (outcome._tag !== "Concluded") return
      assert.strictEqual(outcome.exitCode, 4)
      assert.strictEqual(outcome.decision.verdict, "rework")
      assert.include(outcome.output, "out")
      assert.include(outcome.output, "err")
      assert.include(heard.join(""), "err")
    }))

  live(
    "gets what its env block names of the daemon's environment, and does not start when it is not set",
    () =>
      Effect.gen(function*() {
        const env = { PATH: process.env["PATH"] ?? "", TOKEN: "t0ken" }
        const asking = (value: string) =>
          perform(sh("echo \"got $GIVEN\"", { env: { GIVEN: value } })).pipe(
            Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
          )
        const { outcome: set } = yield* asking("${TOKEN}")
        assert.include(set._tag === "Concluded" ? set.output : "", "got t0ken")
        const { outcome: unset } = yield* asking("${NOWHERE}")
        assert.strictEqual(unset._tag, "Broken")
      })
  )

  live("gets a cleared environment, no stdin, and arguments that no shell reads", () =>
    Effect.gen(function*() {
      const env = { PATH: process.env["PATH"] ?? "", CLAUDECODE: "1", SECRET: "s", LANG: "C" }
      const { outcome } = yield* perform(
        {
          program: "sh",
          args: ["-c", "env; cat; echo \"[$1]\"", "x", "{{who}}"],
          env: { GIVEN: "{{phase_id}}", CLAUDECODE: "1" },
          excerpt_max_chars: 5000
        },
        undefined,
        env
      )
      const output = outcome._tag === "Concluded" ? outcome.output : ""
      assert.include(output, "GIVEN=test")
      assert.include(output, "LANG=C")
      assert.include(output, "ANIMUS_COOKIE=scope")
      assert.include(output, "ANIMUS_GENERATION=7")
      assert.notInclude(output, "SECRET")
      assert.notInclude(output, "CLAUDECODE")
      assert.include(output, "[$(whoami)]")
    }))

  live("is ended with its whole group at its deadline", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { outcome, projectRoot } = yield* perform(sh("sleep 60 & echo $! > child; wait", { timeout_secs: 1 }))
      assert.strictEqual(outcome._tag, "Broken")
      const pid = Number(yield* fs.readFileString(`${projectRoot}/child`))
      const gone = Effect.suspend(() => {
        try {
          return process.kill(pid, 0) ? Effect.fail("alive") : Effect.void
        } catch {
          return Effect.void
        }
      })
      yield* gone.pipe(Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 100 }))
    }))

  live("does not wait for a descendant that keeps the pipes open", () =>
    Effect.gen(function*() {
      const { outcome } = yield* perform(sh("sleep 60 & echo started", { timeout_secs: 20 }))
      assert.strictEqual(outcome._tag, "Concluded")
    }))

  live("that cannot be started is an error, not a verdict", () =>
    Effect.gen(function*() {
      const { outcome } = yield* perform({ program: "/no/such/program", args: [] })
      assert.strictEqual(outcome._tag, "Broken")
    }))

  live("never runs outside the project, not even through a link", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const root = yield* fs.makeTempDirectoryScoped()
      yield* fs.symlink("/", path.join(root, "way-out"))
      yield* fs.makeDirectory(path.join(root, "..inside"))
      for (const cwd of ["..", "/", "way-out", "missing"]) {
        const { outcome } = yield* perform(sh("true", { cwd }), root)
        assert.strictEqual(outcome._tag, "Broken", cwd)
      }
      const { outcome } = yield* perform(sh("true", { cwd: "..inside" }), root)
      assert.strictEqual(outcome._tag, "Concluded")
    }))
})
