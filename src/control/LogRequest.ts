/** What `daemon/logs` asks for, as the log is asked; the same whoever reads it. */
import type { LogLevel, LogQuery } from "../../schemas/Log.ts"

export interface LogRequest {
  readonly level?: LogLevel | undefined
  readonly plugin?: string | undefined
  readonly since?: string | undefined
}

/** The newest of them. */
const HISTORY = 200

export const logQueryOf = ({ level, plugin, since }: LogRequest): LogQuery => ({
  follow: false,
  limit: HISTORY,
  ...(level === undefined ? {} : { min_level: level }),
  ...(plugin === undefined ? {} : { source_name: plugin }),
  ...(since === undefined ? {} : { since })
})
