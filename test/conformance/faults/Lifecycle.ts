/** Faults in the manifest, and from the handshake to the end of the process. */
import { BRIEF, END, type Faults, SHORT } from "./Fault.ts"

export const lifecycle: Faults = {
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
    says: "no answer to request 1 within 7500 ms: nothing came",
    patience: BRIEF
  },
  "starts too slowly": {
    change: ["let line = []", "let line = []; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 9000)"],
    fails: ["lifecycle.handshake"],
    patience: BRIEF
  },
  "crashes at start": {
    change: ["let line = []", "let line = []; process.stderr.write(\"no license\"); process.exit(7)"],
    fails: ["lifecycle.handshake"],
    says: "exit code 7; its last words: no license"
  },
  "compares more than the major version": {
    change: ["/^1\\.\\d+\\.\\d+/", "/^1\\.1\\.0$/"],
    fails: ["lifecycle.newer-host"],
    says: "1.99.7"
  },
  "leaves a lock that outlives its crash": {
    change: [
      "let line = []",
      `let line = []
  const fs = process.getBuiltinModule("node:fs")
  if (fs.existsSync("lock")) {
    process.stderr.write("another one holds the lock")
    process.exit(4)
  }
  fs.writeFileSync("lock", "")
  process.on("exit", () => fs.rmSync("lock", { force: true }))`
    ],
    fails: ["lifecycle.crash"],
    says: "exit code 4; its last words: another one holds the lock"
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
    kind: "notifier",
    change: ["\"$/ping\": () => ({})", "\"$/ping\": () => new Promise((resolve) => setTimeout(resolve, 4000, {}))"],
    fails: ["lifecycle.ping"],
    patience: SHORT
  },
  "answers pings with a word": {
    kind: "notifier",
    change: ["\"$/ping\": () => ({})", "\"$/ping\": () => \"pong\""],
    fails: ["lifecycle.ping"],
    says: "\"result\":\"pong\"} instead of the result {}"
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
    says: "still runs 2000 ms after exit",
    patience: SHORT
  },
  "ends with exit code 3": {
    change: ["else if (method === \"exit\") process.exit(0)", "else if (method === \"exit\") process.exit(3)"],
    fails: ["lifecycle.exit"],
    says: "it ended with exit code 3 after exit"
  },
  "dies of a signal at the end": {
    change: ["cancelAll().then(() => process.exit(0)))", "process.kill(process.pid, \"SIGSEGV\"))"],
    fails: ["lifecycle.eof"],
    says: "it was ended by SIGSEGV after the end of its stdin"
  },
  "stays after the end of stdin": {
    change: [END, "setInterval(() => {}, 1000)"],
    fails: ["lifecycle.eof"],
    patience: SHORT
  },
  "leaves a child behind": {
    change: [
      "opened = true\n",
      "opened = true\n    process.getBuiltinModule(\"node:child_process\").spawn(\"sleep\", [\"30\"], { detached: true, stdio: \"ignore\" }).unref()\n"
    ],
    fails: ["end.nothing-left"],
    says: "sleep"
  },
  "forgets its subject kinds": {
    kind: "subject_backend",
    change: ["const tokens = [\"subject_kind:\" + SUBJECT_KIND]", "const tokens = []"],
    fails: ["manifest.subject-kinds"]
  }
}
