/** Nothing that can be seen of a run tells who performs its phases: the same script leaves the same traces, to the letter. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import { ConnectionLost, PluginRefused, ProviderMissing, RequestTimedOut } from "../../schemas/errors/PluginErrors.ts"
import type { AgentSession } from "../../src/agent/AgentSessions.ts"
import { runnerWorld } from "./RunnerWorld.ts"
import { agent, command, deciding, dispatch, output, response, run, workflow, World } from "./World.ts"

interface Script {
  readonly name: string
  readonly prepare: (world: World) => void
}

const talk = (session: AgentSession) =>
  session.onEvents([
    { _tag: "Thinking", session_id: "own-1", text: "hm" },
    { _tag: "ToolCall", session_id: "own-1", name: "look", arguments: { at: ["it", null] } },
    { _tag: "ToolResult", session_id: "own-1", name: "look", output: "seen", success: false },
    { _tag: "Error", session_id: "own-1", message: "a little late", recoverable: true },
    { _tag: "Metadata", session_id: "own-1", method: "agent/usage", params: { session_id: "own-1", tokens: 7 } }
  ])

const failing = (
  name: string,
  error: InvalidInput | ConnectionLost | PluginRefused | ProviderMissing | RequestTimedOut
): Script => ({
  name,
  prepare: (world) => {
    world.definition = workflow(agent("implement", { max_attempts: 1 }))
    world.agents = (session) => Effect.andThen(output(session, "a token"), Effect.fail(error))
  }
})

const refused = { plugin: "exec", method: "agent/run", code: -32603, detail: "no" }

const scripts: ReadonlyArray<Script> = [
  {
    name: "an agent that says everything there is to say, a thousand times",
    prepare: (world) => {
      world.agents = (session) =>
        Effect.gen(function*() {
          yield* talk(session)
          for (let n = 0; n < 1000; n++) yield* output(session, `${n} `)
          return deciding(session, { verdict: "advance", confidence: 0.9, risk: "low", reason: "did it" })
        })
    }
  },
  {
    name: "an agent that fails by its exit code",
    prepare: (world) => {
      world.agents = () => Effect.succeed(response("so far", { exit_code: 3, errors: ["no space"] }))
    }
  },
  {
    name: "a command that prints",
    prepare: (world) => {
      world.definition = workflow(command("test", { on_failure_verdict: "fail" }))
      world.spawn = () => Effect.succeed({ code: 4, output: "one\ntwo\n" })
    }
  },
  {
    name: "a command whose secret is not there",
    prepare: (world) => {
      world.definition = workflow(
        command("test", { args: ["${secret.key}"], secrets: { key: { env: "NOWHERE", required: true } } })
      )
    }
  },
  failing("a provider that is not there", new ProviderMissing({ tool: "exec", known: ["other"] })),
  failing("a provider that dies", new ConnectionLost({ plugin: "exec", detail: "pipe closed" })),
  failing("a provider that is late", new RequestTimedOut({ plugin: "exec", method: "agent/run", millis: 5 })),
  failing("a provider that refuses", new PluginRefused(refused)),
  failing("an agent whose environment is not there", new InvalidInput({ detail: "env KEY: unset" })),
  failing(
    "a rate limit",
    new PluginRefused({ ...refused, data: { category: "rate_limited", error: "rate_limit", retry_after_secs: 60 } })
  )
]

/** What an onlooker could compare: everything but ids, which are new each time. */
const tracesOf = Effect.fnUntraced(function*(world: World, { prepare }: Script) {
  prepare(world)
  const { engine } = yield* world.boot
  yield* engine.start(run, dispatch)
  const { status } = yield* engine.settled(run)
  const { agentOutput, events, log, recordStatuses, transcript } = world
  const names = events.flatMap((event) =>
    event._tag === "PhaseStarted" ? [event.nonce, event.session ?? event.nonce] : []
  )
  const told = names.reduce((text, name) => text.replaceAll(name, "its name"), JSON.stringify(events))
  return { agentOutput, told, log, recordStatuses, transcript, status }
})

describe("who performs the phases", () => {
  it.effect.each(scripts)("cannot be told from $name", (script) =>
    Effect.gen(function*() {
      const own = yield* tracesOf(new World(), script)
      const others = yield* tracesOf(runnerWorld(), script)
      assert.deepStrictEqual(others, own)
      assert.include(own.log.join(), "append Phase")
    }))

  it.effect("ends what it began when the run is cancelled, before the run is", () =>
    Effect.gen(function*() {
      const ends = (world: World) =>
        Effect.gen(function*() {
          world.agents = (session) => Effect.andThen(output(session, "at work"), Effect.never)
          const { engine } = yield* world.boot
          yield* engine.start(run, dispatch)
          yield* world.launched.await
          yield* engine.cancel(run, "enough")
          const { cancelled, log } = world
          return { cancelled, log: log.filter((line) => !line.startsWith("publish")) }
        })
      const own = yield* ends(new World())
      assert.deepStrictEqual(yield* ends(runnerWorld()), own)
      assert.strictEqual(own.cancelled, 1)
    }))

  it.effect("says how to install a runner that is not there", () =>
    Effect.gen(function*() {
      for (const phase of [agent("work"), command("work")]) {
        const world = runnerWorld({ installed: false })
        world.definition = workflow(phase)
        const { engine } = yield* world.boot
        yield* engine.start(run, dispatch)
        const { reason, status } = yield* engine.settled(run)
        assert.strictEqual(status, "failed")
        assert.match(reason ?? "", /animus-workflow-runner-default is not installed. Type: animus init/)
      }
    }))

  it.effect("hears no secret from the daemon: it looks the value up where it starts the program", () =>
    Effect.gen(function*() {
      const wire: Array<string> = []
      const world = runnerWorld({ wire })
      world.definition = workflow(
        command("test", {
          args: ["--token=${secret.key}", "{{subject_id}}"],
          env: { KEY: "${secret.key}" },
          secrets: { key: { env: "TRACKER_KEY", required: true } }
        })
      )
      const { engine } = yield* world.boot
      yield* engine.start(run, dispatch)
      assert.strictEqual((yield* engine.settled(run)).status, "completed")
      assert.deepStrictEqual(world.commands.map(({ command }) => command), ["npm --token=s3cr3t-value task:TASK-1"])
      assert.include(wire.join(""), "${secret.key}")
      assert.notInclude(wire.join(""), "s3cr3t-value")
    }).pipe(
      Effect.provideService(
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnv({ env: { TRACKER_KEY: "s3cr3t-value" } })
      )
    ))
})
