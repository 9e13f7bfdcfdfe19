/** The kinds whose methods are known, and the cases of a plugin that has some of them. */
import type { Bench } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { casesOf, isOfKind } from "../Trial.ts"
import { logStorage, notifier, transport, trigger, workflowRunner } from "./Peripheral.ts"
import { provider, providerCases } from "./Provider.ts"
import { queue } from "./Queue.ts"
import { durableStore, memoryStore } from "./Stores.ts"
import { isAdvertised, subjectBackend, subjectCases } from "./Subject.ts"

const known: ReadonlyMap<string, ReadonlyArray<Case>> = new Map([
  [provider.kind, [...casesOf(provider), ...providerCases]],
  [subjectBackend.kind, [...casesOf(subjectBackend, isAdvertised), ...subjectCases]],
  ...[trigger, logStorage, notifier, transport, workflowRunner, queue, durableStore, memoryStore].map((
    trials
  ): [string, ReadonlyArray<Case>] => [trials.kind, casesOf(trials)])
])

export const kindCases = (bench: Bench): ReadonlyArray<Case> =>
  [...known].flatMap(([kind, cases]) => isOfKind(bench, kind) ? cases : [])
