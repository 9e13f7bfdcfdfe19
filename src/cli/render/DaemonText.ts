/** The daemon's state, for people. */
import type { DaemonStatus } from "../../../schemas/control/DaemonRpcs.ts"
import type { DaemonHealth } from "../../../schemas/Health.ts"
import { duration, fields, table } from "../Table.ts"

export const daemonText = (status: DaemonStatus): ReadonlyArray<string> =>
  status.running
    ? fields([
      [
        "daemon",
        status.paused === true ? "paused: nothing of the queue is started until animus daemon resume" : "running"
      ],
      ["pid", status.pid],
      ["up for", duration((status.uptime_seconds ?? 0) * 1000)],
      ["version", status.version],
      ["project", status.project_root],
      ["log", status.log_path]
    ])
    : [`no daemon runs for ${status.project_root}. Start it with: animus daemon start`]

export const healthText = (health: DaemonHealth): ReadonlyArray<string> => [
  `daemon is ${health.status}${health.last_error === undefined ? "" : `: ${health.last_error}`}`,
  ...health.plugins === undefined || health.plugins.length === 0
    ? []
    : table(
      ["PLUGIN", "KIND", "STATUS", "LAST ERROR"],
      health.plugins.map(({ kind, last_error, name, state, status }) => [
        name,
        kind,
        state === "idle" ? state : status,
        last_error
      ])
    )
]
