/** Faults in what a kind does: its methods, its project, its runs. */
import { type Faults, SHORT } from "./Fault.ts"

export const kinds: Faults = {
  "answers with a field of another type": {
    kind: "notifier",
    change: ["accepted: true", "accepted: \"yes\""],
    fails: ["methods.notifier/notify"],
    says: "accepted"
  },
  "crashes in a call": {
    kind: "notifier",
    change: ["process.stderr.write(event.timestamp", "process.exit(3); process.stderr.write(event.timestamp"],
    fails: ["methods.notifier/notify"],
    says: "exit code 3"
  },
  "never answers a call": {
    kind: "notifier",
    change: ["\"notifier/flush\": () => ({ lifecycle_events: [] })", "\"notifier/flush\": () => new Promise(() => {})"],
    fails: ["methods.notifier/flush"],
    says: "no answer",
    patience: SHORT
  },
  "lists a method that it declines": {
    kind: "log_storage_backend",
    change: ["const tokens = []", "const tokens = [\"log_storage/tail\"]"],
    fails: ["methods.log_storage/tail"],
    says: "-32001"
  },
  "answers what it was told": {
    kind: "trigger_backend",
    change: [
      "if (method === \"initialized\") serving = opened",
      "if (method === \"trigger/ack\") send({ result: {} })\n  else if (method === \"initialized\") serving = opened"
    ],
    fails: ["methods.trigger/ack"],
    says: "a notification was answered",
    frames: "an answer has the `id` of its request: {\"jsonrpc\":\"2.0\",\"result\":{}}"
  },
  "lists a method it does not have": {
    kind: "notifier",
    change: ["const tokens = []", "const tokens = [\"notifier/replay\"]"],
    fails: ["methods.notifier/replay"],
    isAlone: true
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
  "serves one spelling of list": {
    kind: "subject_backend",
    change: ["const prefixes = [\"subject\", SUBJECT_KIND,", "const prefixes = [\"subject\","],
    fails: ["subject.aliases"]
  },
  "serves one spelling of get": {
    kind: "subject_backend",
    change: [
      "Object.entries(verbs).map(",
      "Object.entries(verbs).filter(([verb]) => verb !== \"get\" || prefix === \"subject\").map("
    ],
    fails: ["subject.aliases"],
    says: "note/get"
  },
  "finds what is not there": {
    kind: "subject_backend",
    change: ["get: ({ id }) => known(id)", "get: ({ id }) => subjects.get(fullId(id))"],
    fails: ["subject.get-missing"]
  },
  "leaves the text out of what it streams": {
    kind: "provider",
    change: ["text: word + \" \", final", "final"],
    fails: [],
    frames: "the params of agent/output do not fit"
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
    fails: ["cancel.agent-cancel"],
    patience: SHORT
  },
  "reads nothing while an agent runs": {
    kind: "provider",
    change: ["await sleep(20)", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)"],
    fails: ["cancel.agent-request", "cancel.agent-cancel", "lifecycle.eof-run"],
    says: "with agent/run under way, $/ping: no answer",
    patience: SHORT
  },
  "goes on with a run whose request was cancelled": {
    kind: "provider",
    change: ["AbortSignal.any([signal, session.signal])", "session.signal"],
    fails: ["cancel.agent-request"],
    says: "came after the answer of agent/run"
  },
  "answers a cancelled run twice": {
    kind: "provider",
    change: [
      "{ signal }) => {",
      "{ id: request, signal }) => {\n  signal.addEventListener(\"abort\", () => setTimeout(send, 100, { id: request, result: null }))"
    ],
    fails: ["cancel.agent-request"],
    says: "it was answered again",
    frames: "is answered twice: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}"
  },
  "does not answer a cancelled request": {
    kind: "provider",
    change: [
      "const result = await Promise.race([serve(method, params ?? {}, { id, signal: abort.signal }), cancelled(abort.signal)])",
      "const result = await serve(method, params ?? {}, { id, signal: abort.signal })\n    if (abort.signal.aborted && method === \"agent/run\") return"
    ],
    fails: ["cancel.agent-request"],
    patience: SHORT,
    isAlone: true
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
