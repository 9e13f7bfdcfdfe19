import { Effect } from "effect"
import { Command } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { succeed } from "../Output.ts"
import { healthText } from "../render/DaemonText.ts"

export const daemonHealth = Command.make("health", {}, () =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const [health, daemon, queue] = yield* Effect.all(
      [control["daemon/health"]({}), control["daemon/status"]({}), control["queue/stats"]({})],
      { concurrency: 3 }
    )
    const providers = (health.plugins ?? []).filter(({ kind }) => kind === "provider")
    const data = {
      // Degraded is on its way to health by itself.
      healthy: health.status === "healthy" || health.status === "degraded",
      ...health,
      provider_plugins_healthy: providers.every(({ status }) => status === "healthy"),
      project_root: daemon.project_root,
      daemon_pid: daemon.pid,
      process_alive: true,
      runtime_paused: daemon.paused === true,
      queued_tasks: queue.ready,
      active_runs: queue.in_flight
    }
    yield* succeed(data, healthText(health))
  })).pipe(Command.withDescription("Ask the daemon and every plugin how they are"))
