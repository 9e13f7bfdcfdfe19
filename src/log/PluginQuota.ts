/**
 * How much of the daemon's log one plugin may fill: 16 KiB a second, and 512 KiB at once after a quiet time. The log keeps at
 * least 50 MB, so what the daemon itself says stays readable for most of an hour beside a plugin that never stops. What is
 * over the bound is dropped, and counted. Pure.
 */
const BYTES_PER_SECOND = 16 * 1024
const BURST = 512 * 1024

interface Allowance {
  bytes: number
  at: number
}

export class PluginQuota {
  readonly #allowances = new Map<string, Allowance>()
  readonly #dropped = new Map<string, number>()

  /** False for a record that is over the bound; `now` in milliseconds. */
  admits(plugin: string, bytes: number, now: number): boolean {
    const known = this.#allowances.get(plugin) ?? { bytes: BURST, at: now }
    const gained = Math.max(0, now - known.at) * BYTES_PER_SECOND / 1000
    const left = Math.min(BURST, known.bytes + gained)
    const admitted = bytes <= left
    this.#allowances.set(plugin, { bytes: admitted ? left - bytes : left, at: now })
    if (!admitted) this.#dropped.set(plugin, (this.#dropped.get(plugin) ?? 0) + 1)
    return admitted
  }

  /** How many records of which plugin were dropped since this was last asked. */
  takeDropped(): ReadonlyArray<readonly [plugin: string, records: number]> {
    const dropped = [...this.#dropped]
    this.#dropped.clear()
    return dropped
  }
}
