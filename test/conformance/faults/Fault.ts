/** One thing changed in the JavaScript template of a kind, and exactly the cases that must say so. */
import type { ScaffoldKind } from "../../../src/cli/scaffold/ScaffoldKinds.ts"

export interface Fault {
  /** Where not the template of any kind will do. */
  readonly kind?: ScaffoldKind
  /** What is replaced, and by what. */
  readonly change: readonly [string, string]
  readonly fails: ReadonlyArray<string>
  /** What the report must say of the first of them. */
  readonly says?: string
  /** What `wire.stdout` and `wire.frames` must tell of it. Each tells all that was seen, so that many faults may show there. */
  readonly stdout?: string
  readonly frames?: string
  /** For a fault that is found by waiting: brief where nothing else is asked of it, short where other cases must pass. */
  readonly patience?: number
  /** It would hide what another one does. */
  readonly isAlone?: true
}

export interface Faults {
  readonly [name: string]: Fault
}

/** A machine may be busy: what answers at all has all the time it needs. */
export const LONG = 20_000
export const SHORT = 4_000
export const BRIEF = 2_500

export const SEND =
  "const send = (frame) => process.stdout.write(JSON.stringify({ jsonrpc: \"2.0\", ...frame }) + \"\\n\")"
export const END = "process.stdin.on(\"end\", () => cancelAll().then(() => process.exit(0)))"
