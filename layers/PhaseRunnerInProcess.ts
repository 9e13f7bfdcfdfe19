/** Phases are performed by this process itself: nothing stands between it and what it launches. */
import { Effect, Layer } from "effect"
import type { ChildProcessSpawner } from "effect/process"
import { SessionNotFound } from "../schemas/errors/PluginErrors.ts"
import { AgentSessions } from "../src/agent/AgentSessions.ts"
import type { HostEnvironment } from "../src/project/HostEnvironment.ts"
import { PhaseRunner } from "../src/run/PhaseRunner.ts"
import { executeCommand } from "../src/run/phases/CommandExecution.ts"

export const layer = Layer.effect(
  PhaseRunner,
  Effect.gen(function*() {
    const agents = yield* AgentSessions
    const means = yield* Effect.context<ChildProcessSpawner.ChildProcessSpawner | HostEnvironment>()
    return PhaseRunner.of({
      agent: (_, session) => agents.run(session),
      command: (_, launch, heard) => Effect.provideContext(executeCommand(launch, heard), means),
      admit: (session) => Effect.fail(new SessionNotFound({ session })),
      hold: Effect.void
    })
  })
)
