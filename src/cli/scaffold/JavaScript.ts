/** A plugin in JavaScript: the protocol in front of and behind what the plugin does. It depends on nothing. */
import { projectBoundKinds } from "../../../schemas/PluginManifest.ts"
import { javaScriptKinds } from "./JavaScriptKinds.ts"
import { purposeOf, type ScaffoldKind } from "./ScaffoldKinds.ts"

/** Only what is used is imported. */
const imports = (body: string): string =>
  [
    "",
    ...(body.includes("randomUUID(") ? ["import { randomUUID } from \"node:crypto\""] : []),
    ...(body.includes("sleep(") ? ["import { setTimeout as sleep } from \"node:timers/promises\""] : [])
  ].join("\n")

const head = (kind: ScaffoldKind, name: string, body: string): string =>
  `#!/usr/bin/env node
// ${
    purposeOf[kind]
  }. An animus plugin: JSON-RPC 2.0, one frame a line, on stdin and stdout; words for people go to stderr.${
    imports(body)
  }

const NAME = ${JSON.stringify(name)}
const VERSION = "0.1.0"
const KIND = ${JSON.stringify(kind)}
const DESCRIPTION = ${JSON.stringify(purposeOf[kind])}
// Variables of the daemon's environment that this plugin must be given: [{ name, description, sensitive, required }]
const ENVIRONMENT = []
const NEEDS_PROJECT = ${projectBoundKinds.has(kind)}

// What goes wrong: a code of the protocol, and a category that the host understands.
class Refusal extends Error {
  constructor(code, message, category) {
    super(message)
    this.code = code
    this.category = category
  }
}
const notFound = (message) => new Refusal(-32602, message, "not_found")
const invalid = (message) => new Refusal(-32602, message, "invalid_request")
const now = () => new Date().toISOString()
const send = (frame) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...frame }) + "\\n")
const notify = (method, params) => send({ method, params })

// ---- what this plugin does: a function a method, called with the params and { id, signal }. Change this part.

`

const tail = String.raw`
// ---- the protocol. Nothing below needs to change.

const manifest = {
  name: NAME,
  version: VERSION,
  plugin_kind: KIND,
  description: DESCRIPTION,
  protocol_version: "1.1.0",
  capabilities: [...tokens, ...Object.keys(methods), "cancellation", "health/check"],
  ...(ENVIRONMENT.length === 0 ? {} : { env_required: ENVIRONMENT })
}

const started = Date.now()
const running = new Map()
let project
let opened = false
let serving = false
let stopping = false

const cancelAll = () => {
  for (const { abort } of running.values()) abort.abort()
  return Promise.allSettled([...running.values()].map(({ done }) => done))
}

const lifecycle = {
  initialize(params) {
    if (!/^1\.\d+\.\d+/.test(String(params.protocol_version))) {
      throw invalid("incompatible protocol major: the host speaks " + params.protocol_version + ", " + NAME + " speaks 1.1.0")
    }
    const binding = params.init_extensions?.project_binding
    if (NEEDS_PROJECT && !binding) throw invalid("send init_extensions.project_binding")
    if (opened && binding?.project_root !== project?.project_root) {
      throw new Refusal(-32600, "this process works for another project: start another one", "conflict")
    }
    project = binding
    opened = true
    return {
      protocol_version: "1.1.0",
      plugin_info: { name: NAME, version: VERSION, plugin_kind: KIND, description: DESCRIPTION },
      capabilities: { methods: Object.keys(methods), streaming: true, progress: false, cancellation: true, ...extras }
    }
  },
  "$/ping": () => ({}),
  "health/check": () => ({ status: "healthy", uptime_ms: Date.now() - started })
}

const serve = (method, params, call) => {
  if (Object.hasOwn(lifecycle, method)) return lifecycle[method](params)
  if (stopping) throw new Refusal(-32600, "the plugin is shutting down", "unavailable")
  if (!serving) throw new Refusal(-32000, method + " came before initialized", "unavailable")
  if (Object.hasOwn(methods, method)) return methods[method](params, call)
  if (declined.includes(method)) throw new Refusal(-32001, NAME + " does not support " + method, "not_supported")
  throw new Refusal(-32601, NAME + " has no method " + method, "not_found")
}

const cancelled = (signal) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Refusal(-32002, "the request was cancelled", "cancelled")))
  })

const answer = async ({ id, method, params }) => {
  if (method === "shutdown") {
    stopping = true
    await cancelAll()
    return send({ id, result: {} })
  }
  const abort = new AbortController()
  const work = async () => {
    const result = await Promise.race([serve(method, params ?? {}, { id, signal: abort.signal }), cancelled(abort.signal)])
    send({ id, result: result ?? null })
  }
  const done = work().catch(({ code, category, message }) => {
    const isCode = Number.isInteger(code)
    send({ id, error: { code: isCode ? code : -32603, message, data: { category: category ?? "other" } } })
  })
  running.set(id, { abort, done })
  await done
  running.delete(id)
}

const take = (line) => {
  let frame
  try {
    frame = JSON.parse(line)
  } catch {
    return process.stderr.write("skipped a line that is not JSON\n")
  }
  const { id, method, params } = frame ?? {}
  if (typeof method !== "string") return
  if (id !== undefined) return answer({ id, method, params })
  if (method === "initialized") serving = opened
  else if (method === "exit") process.exit(0)
  else if (method === "$/cancelRequest") running.get(params?.id)?.abort.abort()
  else if (serving && Object.hasOwn(notifications, method)) notifications[method](params ?? {})
}

const usage = NAME + " " + VERSION + ": " + DESCRIPTION + "\n\nThe animus daemon starts it and speaks JSON-RPC on its stdin and stdout.\n" +
  "  --manifest, -m   print what it offers, as JSON\n  --help, -h       print this\n"

const [option] = process.argv.slice(2)
if (option === "--manifest" || option === "-m") process.stdout.write(JSON.stringify(manifest) + "\n")
else if (option === "--help" || option === "-h") process.stdout.write(usage)
else if (process.stdin.isTTY) {
  process.stderr.write(usage)
  process.exitCode = 2
} else {
  // Not node:readline: it also ends lines at U+2028, which JSON may contain.
  let line = []
  process.stdin.setEncoding("utf8")
  process.stdin.on("data", (text) => {
    const [first, ...others] = text.split("\n")
    line.push(first)
    for (const next of others) {
      const frame = line.join("")
      line = [next]
      if (frame.trim() !== "") take(frame)
    }
  })
  // The end of stdin is the end of the host.
  process.stdin.on("end", () => cancelAll().then(() => process.exit(0)))
  process.stdout.on("error", () => process.exit(0))
  const parent = process.ppid
  setInterval(() => process.ppid === parent || process.exit(0), 5000).unref()
}
`

export const javaScript = (kind: ScaffoldKind, name: string): string => {
  const body = javaScriptKinds[kind]
  return head(kind, name, body) + body + tail
}
