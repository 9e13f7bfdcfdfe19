/**
 * Plugins with faults: the JavaScript template with one thing changed, or with several that do not meet. Starting a plugin for
 * every case of every fault is what takes the time, so faults that hide nothing of one another share a plugin.
 */
import { javaScript } from "../../src/cli/scaffold/JavaScript.ts"
import type { ScaffoldKind } from "../../src/cli/scaffold/ScaffoldKinds.ts"
import { generalCases } from "../../src/conformance/cases/General.ts"
import { HANDSHAKE, lifecycleCases } from "../../src/conformance/cases/Lifecycle.ts"
import { manifestCases } from "../../src/conformance/cases/Manifest.ts"
import { wireCases } from "../../src/conformance/cases/Wire.ts"
import { providerCases } from "../../src/conformance/kinds/Provider.ts"
import { subjectCases } from "../../src/conformance/kinds/Subject.ts"
import { type Fault, LONG } from "./faults/Fault.ts"
import { frames } from "./faults/Frames.ts"
import { kinds } from "./faults/Kinds.ts"
import { lifecycle } from "./faults/Lifecycle.ts"

interface Named extends Fault {
  readonly name: string
  readonly patience: number
}

export interface Faulty {
  readonly kind: ScaffoldKind
  readonly faults: ReadonlyArray<Named>
  readonly patience: number
}

const faults = Object.entries({ ...kinds, ...frames, ...lifecycle }).map(([name, fault]): Named => ({
  patience: LONG,
  ...fault,
  name
}))

const cases = [manifestCases, lifecycleCases, wireCases, generalCases, providerCases, subjectCases].flat()

/** The cases that are not asked once this one has failed. */
const hiddenBy = (failed: string): ReadonlyArray<string> =>
  cases.filter(({ needs = [] }) => needs.includes(failed)).flatMap(({ id }) => [id, ...hiddenBy(id)])

/** Without a handshake next to nothing is asked. */
const mayShare = ({ fails, isAlone }: Named) => isAlone !== true && !fails.includes(HANDSHAKE)
/** So that a person still sees what went wrong. */
const MOST = 12

const spoils = (one: Named, other: Named): boolean =>
  one.fails.flatMap((id) => [id, ...hiddenBy(id)]).some((id) => other.fails.includes(id)) ||
  one.change.some((text) => text.includes(other.change[0]))

const mayJoin = (fault: Named, group: Faulty): boolean =>
  (fault.kind ?? group.kind) === group.kind && group.patience === fault.patience && group.faults.length < MOST &&
  [fault, ...group.faults].every(mayShare) &&
  !group.faults.some((other) => spoils(fault, other) || spoils(other, fault))

/** To be told of what was seen, all must be asked: those come first, so that others fill their plugins. */
const isSeen = ({ frames, stdout }: Fault): boolean => frames !== undefined || stdout !== undefined

const packed = (left: ReadonlyArray<Named>): ReadonlyArray<Faulty> => {
  const groups: Array<Faulty> = []
  const weight = (fault: Named) => 2 * Number(fault.kind !== undefined) + Number(isSeen(fault))
  for (const fault of left.toSorted((one, other) => weight(other) - weight(one))) {
    const at = groups.findIndex((group) => mayJoin(fault, group))
    const group = groups[at] ?? { kind: fault.kind ?? "notifier", patience: fault.patience, faults: [] }
    groups[at === -1 ? groups.length : at] = { ...group, faults: [...group.faults, fault] }
  }
  return groups
}

export const faulty: ReadonlyArray<Faulty> = packed(faults)

/** What the report must tell: the cases, each with words of it. */
export const told = ({ fails, frames, says = "", stdout }: Fault): ReadonlyArray<readonly [string, string]> => [
  ...fails.map((id, at) => [id, at === 0 ? says : ""] as const),
  ...stdout === undefined ? [] : [["wire.stdout", stdout] as const],
  ...frames === undefined ? [] : [["wire.frames", frames] as const]
]

export const programOf = ({ faults, kind }: Faulty): string =>
  faults.reduce((text, { change: [from, to], name }) => {
    if (!text.includes(from)) throw new Error(`"${name}" has nothing to change any more: ${from}`)
    return text.replace(from, () => to)
  }, javaScript(kind, `animus-faulty-${kind.replaceAll("_", "-")}`))
