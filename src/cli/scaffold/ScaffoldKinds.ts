/** The kinds of plugin that can be begun from a template, and what such a plugin is called when nobody says. */
export const scaffoldKinds = [
  "provider",
  "subject_backend",
  "trigger_backend",
  "log_storage_backend",
  "notifier",
  "transport_backend",
  "queue",
  "workflow_runner",
  "durable_store",
  "memory_store",
  "custom"
] as const
export type ScaffoldKind = (typeof scaffoldKinds)[number]

/** What the template does until it is changed. */
export const purposeOf: { readonly [K in ScaffoldKind]: string } = {
  provider: "An agent that says the prompt back, word by word",
  subject_backend: "Notes, kept in memory",
  trigger_backend: "An event every minute",
  log_storage_backend: "Log records, kept in memory",
  notifier: "Tells what happened on stderr",
  transport_backend: "A page on a local port",
  queue: "A queue, kept in memory",
  workflow_runner: "Runs workflows that have no phases",
  durable_store: "Steps, remembered in memory",
  memory_store: "What agents remember, kept in memory",
  custom: "One tool for agents: greet"
}

const roleOf: { readonly [K in ScaffoldKind]: string } = {
  provider: "provider",
  subject_backend: "subject",
  trigger_backend: "trigger",
  log_storage_backend: "log-storage",
  notifier: "notifier",
  transport_backend: "transport",
  queue: "queue",
  workflow_runner: "workflow-runner",
  durable_store: "durable-store",
  memory_store: "memory-store",
  custom: "plugin"
}

const greet = {
  name: "greet",
  description: "Greets somebody by name",
  input_schema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] }
}

const onOneLine = (value: unknown): string =>
  JSON.stringify(value, null, 1).replaceAll(/\n */g, " ").replaceAll("[ ", "[").replaceAll(" ]", "]")

/** The fields of the tool that a custom plugin offers, a line each: JSON, which is JavaScript, TypeScript and Python as well. */
export const toolFields = (indent: string): string =>
  Object.entries(greet).map(([field, value]) => `${indent}"${field}": ${onOneLine(value)},`).join("\n")

export const defaultName = (kind: ScaffoldKind): string => `animus-${roleOf[kind]}-example`
