/** Faults in what is written and read, whatever it is about. */
import { BRIEF, type Faults, SEND, SHORT } from "./Fault.ts"

export const frames: Faults = {
  "prints a banner": {
    change: ["let line = []", "let line = []; console.log(\"starting\")"],
    fails: [],
    stdout: "starting"
  },
  "writes frames over many lines": {
    change: [SEND, SEND.replace("...frame })", "...frame }, null, 2)")],
    fails: ["lifecycle.handshake"],
    says: "instead came { ; ",
    stdout: "\n  \"jsonrpc\": \"2.0\",",
    patience: BRIEF
  },
  "prints in front of its frames": {
    change: [SEND, SEND.replace("write(", "write(\"> \" + ")],
    fails: ["lifecycle.handshake"],
    says: "instead came > {",
    stdout: "> {",
    patience: BRIEF
  },
  "begins with a byte order mark": {
    change: ["let line = []", "let line = []; process.stdout.write(\"\\ufeff\")"],
    fails: [],
    stdout: "a byte order mark"
  },
  "writes bytes that are not UTF-8": {
    change: [
      "\"health/check\": () => (",
      "\"health/check\": () => process.stdout.write(Buffer.from('{\"jsonrpc\":\"2.0\",\"method\":\"x/told\",\"params\":\"caf\\xe9\"}\\n', \"latin1\")) && ("
    ],
    fails: [],
    stdout:
      "bytes that are not UTF-8 (shown as \ufffd): {\"jsonrpc\":\"2.0\",\"method\":\"x/told\",\"params\":\"caf\ufffd\"}"
  },
  "answers with a frame of more than 16 MiB": {
    kind: "notifier",
    change: ["connector_kinds: [\"stderr\"]", "connector_kinds: [\"x\".repeat(17 * 1024 * 1024)]"],
    fails: ["methods.notifier/schema"],
    says: "its answer is a line of more than 16 MiB, which hosts discard: {\"jsonrpc\":\"2.0\",\"id\":",
    stdout: "a line of more than 16 MiB, which hosts discard: {\"jsonrpc\":\"2.0\",\"id\":"
  },
  "makes strings of ids": {
    change: [
      SEND,
      SEND.replace("...frame })", "...frame, ...(frame.id === undefined ? {} : { id: String(frame.id) }) })")
    ],
    fails: ["lifecycle.handshake"],
    says: "request 1 was answered under the id \"1\"",
    frames: "\"1\" is the id of no request"
  },
  "answers with a notification": {
    change: ["send({ id, result: result ?? null })", "send({ method, params: result ?? null })"],
    fails: ["lifecycle.handshake"],
    says: "instead came {\"jsonrpc\":\"2.0\",\"method\":\"initialize\"",
    patience: BRIEF
  },
  "repeats the method in its answers": {
    change: ["send({ id, result: result ?? null })", "send({ id, method, result: result ?? null })"],
    fails: ["lifecycle.handshake"],
    says: "it sent a frame with `method` under that id",
    frames: "initialize has an id",
    patience: BRIEF
  },
  "answers without an id": {
    change: ["send({ id, result: result ?? null })", "send({ result: result ?? null })"],
    fails: ["lifecycle.handshake"],
    says: "it sent an answer without an id",
    frames: "an answer has the `id` of its request",
    patience: BRIEF
  },
  "answers with a result and an error": {
    change: ["send({ id, result: {} })", "send({ id, result: {}, error: { code: 0, message: \"fine\" } })"],
    fails: ["lifecycle.shutdown"],
    frames: "has one of `result` and `error`, and this one has both"
  },
  "makes numbers of ids": {
    change: [
      SEND,
      SEND.replace(
        "...frame })",
        "...frame, ...(frame.id === undefined ? {} : { id: Number(frame.id) || frame.id }) })"
      )
    ],
    fails: ["wire.ids"],
    frames: "request 700001 is answered twice"
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
    fails: ["wire.big-frame"],
    patience: SHORT
  },
  "answers twice": {
    change: [
      "send({ id, result: result ?? null })",
      "send({ id, result: result ?? null }); if (id === 1) send({ id, result: result ?? null })"
    ],
    fails: [],
    frames: "request 1 is answered twice"
  },
  "asks the host": {
    change: ["opened = true\n", "opened = true\n    send({ id: \"mine\", method: \"host/config\" })\n"],
    fails: [],
    frames: "host/config has an id"
  }
}
