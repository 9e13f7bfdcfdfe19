/** What the protocol itself bounds, in milliseconds. */
export interface Limits {
  readonly ping: number
  readonly health: number
  readonly shutdown: number
  readonly exit: number
  readonly manifest: number
}

/** For an answer that the protocol does not bound. */
export const PATIENCE = 10_000

/** A host's own; whoever has more patience than a host, on a busy machine, has it everywhere. */
export const limitsFor = (patience: number): Limits => {
  const factor = Math.max(1, patience / PATIENCE)
  const [short, long] = [2_000 * factor, 5_000 * factor]
  return { ping: short, health: short, shutdown: short, exit: short, manifest: long }
}
