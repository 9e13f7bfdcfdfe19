/** How one plugin is doing, and what of it is news: in the words of the wire, for whoever asks or listens. */
export type PluginState = "idle" | "starting" | "running" | "backing-off" | "disabled" | "stopped"

export interface PluginStatus {
  readonly name: string
  readonly state: PluginState
  readonly pid: number | undefined
  /** Since the budget was last whole. */
  readonly restarts: number
  readonly lastError: string | undefined
  readonly startedAt: string | undefined
}

/** What a daemon wants to tell its subscribers. */
export type PluginEvent =
  | { readonly kind: "started"; readonly plugin: string; readonly pid: number }
  | {
    readonly kind: "restart"
    readonly plugin: string
    readonly attempt: number
    readonly delay_ms: number
    readonly error: string
  }
  | { readonly kind: "crashed"; readonly plugin: string; readonly restarts: number; readonly error: string }

export const idleStatus = (name: string): PluginStatus => ({
  name,
  state: "idle",
  pid: undefined,
  restarts: 0,
  lastError: undefined,
  startedAt: undefined
})
