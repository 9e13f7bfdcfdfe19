/** Durable runs: what an event costs in each store, a run beside its work, a start with much left to do, a page of much that was. */
import type { Benchmark } from "./harness.ts"
import { append } from "./runs/append.ts"
import { listing } from "./runs/listing.ts"
import { overhead } from "./runs/overhead.ts"
import { unfinished } from "./runs/unfinished.ts"

export const runs: Benchmark = {
  summary: "events, runs, recovery and history by store",
  parts: { append, overhead, unfinished, listing }
}
