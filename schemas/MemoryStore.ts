/** What agents remember across runs, as a plugin keeps it (plugin protocol, memory_store). Hosted, not driven. */
import { Schema } from "effect"
import { Json, JsonOrNull, maybe, open, orElse, rows } from "./Json.ts"

export const MemoryScope = Schema.Struct({
  project_id: Schema.String,
  agent_id: maybe(Schema.String),
  task_id: maybe(Schema.String)
})
export type MemoryScope = typeof MemoryScope.Type

/** The methods of the kind, each with what it takes and answers; `found: false` is no error. */
export const MemoryStoreMethods = {
  "memory/put": {
    params: Schema.Struct({
      scope: MemoryScope,
      key: Schema.String,
      value: JsonOrNull,
      ttl_secs: maybe(Schema.Natural)
    }),
    result: open({ ack: Schema.Boolean, indexed_immediately: Schema.Boolean, record_id: maybe(Schema.String) })
  },
  "memory/get": {
    params: Schema.Struct({ scope: MemoryScope, key: Schema.String }),
    result: open({ found: Schema.Boolean, value: maybe(Json) })
  },
  "memory/query": {
    params: Schema.Struct({ scope: MemoryScope, query: Schema.String, top_k: Schema.Natural }),
    result: open({
      results: rows(open({ key: Schema.String, value: JsonOrNull, score: Schema.Finite }))
    })
  },
  "memory/list_scopes": {
    params: Schema.Struct({
      project_id: maybe(Schema.String),
      cursor: maybe(Schema.String),
      page_size: orElse(Schema.Natural, 100)
    }),
    result: open({ scopes: rows(MemoryScope), next_cursor: maybe(Schema.String) })
  },
  "memory/delete_scope": {
    params: Schema.Struct({ scope: MemoryScope }),
    result: open({ ack: Schema.Boolean })
  }
} as const

/** `kind_capabilities.memory_store.extra` (plugin protocol, memory_store). */
export const MemoryStoreCapabilities = open({
  native_ttl: Schema.Boolean,
  native_key_get: Schema.Boolean,
  strong_consistency: Schema.Boolean,
  max_query_top_k: Schema.Natural
})
export type MemoryStoreCapabilities = typeof MemoryStoreCapabilities.Type
