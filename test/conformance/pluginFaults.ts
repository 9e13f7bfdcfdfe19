/** Plugins with one fault each: the JavaScript template with one thing changed, and exactly the cases that must say so. */
import { javaScript } from "../../src/cli/scaffold/JavaScript.ts"
import type { ScaffoldKind } from "../../src/cli/scaffold/ScaffoldKinds.ts"

interface Change {
  readonly kind?: ScaffoldKind
  /** What is replaced, and by what. */
  readonly change: readonly [string, string]
  readonly fails: ReadonlyArray<string>
  /** What the report must say of the first of them. */
  readonly says?: string
}

const SEND = "const send = (frame) => process.stdout.write(JSON.stringify({ jsonrpc: \"2.0\", ...frame }) + \"\\n\")"
const END = "process.stdin.on(\"end\", () => cancelAll().then(() => process.exit(0)))"

const faults: { readonly [name: string]: Change } = {
  "prints a banner": {
    change: ["let line = []", "let line = []; console.log(\"starting\")"],
    fails: ["wire.stdout"],
    says: "starting"
  },
  "writes frames over many lines": {
    change: [SEND, SEND.replace("...frame })", "...frame }, null, 2)")],
    fails: ["lifecycle.handshake", "wire.stdout"]
  },
  "ends --manifest with exit code 1": {
    change: ["process.stdout.write(JSON.stringify(manifest) + \"\\n\")", "process.exit(1)"],
    fails: ["manifest.print"],
    says: "exit code 1"
  },
  "has no description in its manifest": {
    change: ["  description: DESCRIPTION,\n  protocol_version", "  protocol_version"],
    fails: ["manifest.fields"],
    says: "description"
  },
  "has a name with capitals": {
    change: ["const NAME = \"animus-", "const NAME = \"Animus-"],
    fails: ["manifest.name"]
  },
  "needs an environment for its manifest": {
    change: ["const [option]", "if (!process.env.HOME) process.exit(1)\nconst [option]"],
    fails: ["manifest.bare"]
  },
  "knows no -m": {
    change: ["|| option === \"-m\"", ""],
    fails: ["manifest.alias"]
  },
  "names itself otherwise in initialize": {
    change: ["plugin_info: { name: NAME,", "plugin_info: { name: \"other\","],
    fails: ["lifecycle.identity"]
  },
  "speaks every version": {
    change: ["if (!/^1\\.\\d+\\.\\d+/.test(String(params.protocol_version)))", "if (false)"],
    fails: ["lifecycle.other-major"]
  },
  "never answers initialize": {
    change: [
      "const answer = async ({ id, method, params }) => {",
      "const answer = async ({ id, method, params }) => {\n  if (method === \"initialize\") return"
    ],
    fails: ["lifecycle.handshake"],
    says: "no answer"
  },
  "starts too slowly": {
    change: ["let line = []", "let line = []; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6000)"],
    fails: ["lifecycle.handshake"]
  },
  "crashes at start": {
    change: ["let line = []", "let line = []; process.stderr.write(\"no license\"); process.exit(7)"],
    fails: ["lifecycle.handshake"],
    says: "exit code 7; its last words: no license"
  },
  "works before initialized": {
    change: ["if (!serving)", "if (false)"],
    fails: ["lifecycle.before-initialized"]
  },
  "refuses a second initialize": {
    change: ["if (opened && binding?.project_root !== project?.project_root)", "if (opened)"],
    fails: ["lifecycle.initialize-twice"]
  },
  "answers pings too late": {
    change: ["\"$/ping\": () => ({})", "\"$/ping\": () => new Promise((resolve) => setTimeout(resolve, 4000, {}))"],
    fails: ["lifecycle.ping"]
  },
  "is ok instead of healthy": {
    change: ["status: \"healthy\"", "status: \"ok\""],
    fails: ["lifecycle.health"],
    says: "status"
  },
  "answers methods that do not exist": {
    change: ["  throw new Refusal(-32601,", "  return {}\n  throw new Refusal(-32601,"],
    fails: ["lifecycle.unknown-method", "lifecycle.unknown-dollar-request"]
  },
  "answers shutdown with null": {
    change: ["return send({ id, result: {} })", "return send({ id, result: null })"],
    fails: ["lifecycle.shutdown"]
  },
  "stays after exit": {
    change: ["else if (method === \"exit\") process.exit(0)", ""],
    fails: ["lifecycle.exit"],
    says: "still runs 2000 ms after exit"
  },
  "stays after the end of stdin": {
    change: [END, "setInterval(() => {}, 1000)"],
    fails: ["lifecycle.eof"]
  },
  "makes numbers of ids": {
    change: [
      SEND,
      SEND.replace(
        "...frame })",
        "...frame, ...(frame.id === undefined ? {} : { id: Number(frame.id) || frame.id }) })"
      )
    ],
    fails: ["wire.ids", "wire.frames"]
  },
  "dies of a line that is not JSON": {
    change: ["return process.stderr.write(\"skipped a line that is not JSON\\n\")", "process.exit(1)"],
    fails: ["wire.garbage"]
  },
  "ends lines at U+2028": {
    change: ["text.split(\"\\n\")", "text.split(/[\\n\\u2028]/)"],
    fails: ["wire.line-separators"]
  },
  "drops frames beyond a megabyte": {
    change: ["if (frame.trim() !== \"\")", "if (frame.trim() !== \"\" && frame.length < 1e6)"],
    fails: ["wire.big-frame"]
  },
  "answers twice": {
    change: [
      "send({ id, result: result ?? null })",
      "send({ id, result: result ?? null }); send({ id, result: result ?? null })"
    ],
    fails: ["wire.frames"],
    says: "answered twice"
  },
  "asks the host": {
    change: ["opened = true\n", "opened = true\n    send({ id: \"mine\", method: \"host/config\" })\n"],
    fails: ["wire.frames"],
    says: "host/config has an id"
  },
  "leaves a child behind": {
    change: [
      "opened = true\n",
      "opened = true\n    import(\"node:child_process\").then(({ spawn }) => spawn(\"sleep\", [\"30\"], { detached: true, stdio: \"ignore\" }).unref())\n"
    ],
    fails: ["end.nothing-left"],
    says: "sleep"
  },
  "answers with a field of another type": {
    change: ["accepted: true", "accepted: \"yes\""],
    fails: ["methods.notifier/notify"],
    says: "accepted"
  },
  "crashes in a call": {
    change: ["process.stderr.write(event.timestamp", "process.exit(3); process.stderr.write(event.timestamp"],
    fails: ["methods.notifier/notify"],
    says: "exit code 3"
  },
  "never answers a call": {
    change: ["\"notifier/flush\": () => ({ lifecycle_events: [] })", "\"notifier/flush\": () => new Promise(() => {})"],
    fails: ["methods.notifier/flush"],
    says: "no answer"
  },
  "lists a method it does not have": {
    change: ["const tokens = []", "const tokens = [\"notifier/replay\"]"],
    fails: ["methods.notifier/replay"]
  },
  "works without a project": {
    kind: "queue",
    change: ["const NEEDS_PROJECT = true", "const NEEDS_PROJECT = false"],
    fails: ["binding.required"]
  },
  "works for any project": {
    kind: "queue",
    change: ["binding?.project_root !== project?.project_root", "false"],
    fails: ["binding.one-project"]
  },
  "forgets its subject kinds": {
    kind: "subject_backend",
    change: ["const tokens = [\"subject_kind:\" + SUBJECT_KIND]", "const tokens = []"],
    fails: ["manifest.subject-kinds"]
  },
  "serves one spelling of list": {
    kind: "subject_backend",
    change: ["const prefixes = [\"subject\", SUBJECT_KIND,", "const prefixes = [\"subject\","],
    fails: ["subject.aliases"]
  },
  "finds what is not there": {
    kind: "subject_backend",
    change: ["get: ({ id }) => known(id)", "get: ({ id }) => subjects.get(fullId(id))"],
    fails: ["subject.get-missing"]
  },
  "leaves the text out of what it streams": {
    kind: "provider",
    change: ["text: word + \" \", final", "final"],
    fails: ["wire.frames"],
    says: "text"
  },
  "streams after its answer": {
    kind: "provider",
    change: [
      "sessions.delete(id)\n",
      "sessions.delete(id)\n  setImmediate(() => notify(\"agent/output\", { session_id: id, text: \"late\" }))\n"
    ],
    fails: ["methods.agent/run"],
    says: "after the answer"
  },
  "does not end a cancelled run": {
    kind: "provider",
    change: ["if (stop.aborted) break", "if (stop.aborted) await sleep(60_000)"],
    fails: ["cancel.agent-cancel"]
  },
  "does not answer a cancelled request": {
    kind: "provider",
    change: [
      "const result = await Promise.race([serve(method, params ?? {}, { id, signal: abort.signal }), cancelled(abort.signal)])",
      "const result = await serve(method, params ?? {}, { id, signal: abort.signal })\n    if (abort.signal.aborted && method === \"agent/run\") return"
    ],
    fails: ["cancel.agent-request"]
  },
  "cancels sessions that nobody has": {
    kind: "provider",
    change: [
      "if (session === undefined) throw notFound(\"no live session \" + session_id)\n    session.abort()",
      "session?.abort()"
    ],
    fails: ["cancel.agent-stranger"]
  }
}

export interface Faulty {
  readonly name: string
  readonly text: string
  readonly fails: ReadonlyArray<string>
  readonly says: string | undefined
}

const changed = (name: string, { change: [from, to], kind = "notifier" }: Change): string => {
  const text = javaScript(kind, `animus-faulty-${kind.replaceAll("_", "-")}`)
  if (!text.includes(from)) throw new Error(`"${name}" has nothing to change any more: ${from}`)
  return text.replace(from, () => to)
}

export const faulty: ReadonlyArray<Faulty> = Object.entries(faults).map(([name, fault]) => ({
  name,
  text: changed(name, fault),
  fails: fault.fails,
  says: fault.says
}))
