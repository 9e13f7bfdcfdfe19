/** A plugin in Python 3: the protocol in front of and behind what the plugin does. It needs the standard library alone. */
import { projectBoundKinds } from "../../../schemas/PluginManifest.ts"
import { pythonKinds } from "./PythonKinds.ts"
import { purposeOf, type ScaffoldKind } from "./ScaffoldKinds.ts"

const modules = ["json", "os", "re", "sys", "threading", "time", "uuid"]

/** Only what is used is imported. */
const imports = (text: string): string =>
  modules.filter((name) => text.includes(`${name}.`)).map((name) => `import ${name}`).join("\n")

const head = (kind: ScaffoldKind, name: string, body: string): string =>
  `#!/usr/bin/env python3
"""${
    purposeOf[kind]
  }. An animus plugin: JSON-RPC 2.0, one frame a line, on stdin and stdout; words for people go to stderr."""
${imports(body + tail + shared)}
from datetime import datetime, timezone

NAME = ${JSON.stringify(name)}
VERSION = "0.1.0"
KIND = ${JSON.stringify(kind)}
DESCRIPTION = ${JSON.stringify(purposeOf[kind])}
# Variables of the daemon's environment that this plugin must be given: name, description, sensitive, required
ENVIRONMENT = []
NEEDS_PROJECT = ${projectBoundKinds.has(kind) ? "True" : "False"}
`

const shared = String.raw`

class Refusal(Exception):
    """What goes wrong: a code of the protocol, and a category that the host understands."""

    def __init__(self, code, message, category):
        super().__init__(message)
        self.code, self.category = code, category


def not_found(message):
    return Refusal(-32602, message, "not_found")


def invalid(message):
    return Refusal(-32602, message, "invalid_request")


def now():
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


writing = threading.Lock()


def send(frame):
    with writing:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **frame}) + "\n")
        sys.stdout.flush()


def notify(method, params):
    send({"method": method, "params": params})


# ---- what this plugin does: a function a method, called with the params and the call, whose cancelled event is set when the
# ---- host has cancelled it. Functions run in threads of their own. Change this part.

`

const tail = String.raw`

# ---- the protocol. Nothing below needs to change.

MANIFEST = {
    "name": NAME,
    "version": VERSION,
    "plugin_kind": KIND,
    "description": DESCRIPTION,
    "protocol_version": "1.1.0",
    "capabilities": [*TOKENS, *METHODS, "cancellation", "health/check"],
    **({"env_required": ENVIRONMENT} if ENVIRONMENT else {}),
}
STARTED = time.monotonic()
running = {}
state = {"project": None, "opened": False, "serving": False, "stopping": False}


class Call:
    """One request: answered exactly once, by its function or by its cancellation."""

    def __init__(self, id):
        self.id, self.cancelled, self.lock, self.answered = id, threading.Event(), threading.Lock(), False

    def answer(self, frame):
        with self.lock:
            if self.answered:
                return
            self.answered = True
            running.pop((type(self.id), self.id), None)
            send({"id": self.id, **frame})

    def refuse(self, error):
        self.answer({"error": {"code": error.code, "message": str(error), "data": {"category": error.category}}})

    def cancel(self):
        self.cancelled.set()
        self.refuse(Refusal(-32002, "the request was cancelled", "cancelled"))


def cancel_all():
    for call in list(running.values()):
        call.cancel()


def initialize(params):
    if not re.match(r"1\.\d+\.\d+", str(params.get("protocol_version"))):
        raise invalid("incompatible protocol major: the host speaks %s" % params.get("protocol_version"))
    binding = (params.get("init_extensions") or {}).get("project_binding") or {}
    project = binding.get("project_root")
    if NEEDS_PROJECT and project is None:
        raise invalid("send init_extensions.project_binding")
    if state["opened"] and project != state["project"]:
        raise Refusal(-32600, "this process works for another project: start another one", "conflict")
    state.update(project=project, opened=True)
    return {
        "protocol_version": "1.1.0",
        "plugin_info": {"name": NAME, "version": VERSION, "plugin_kind": KIND, "description": DESCRIPTION},
        "capabilities": {
            "methods": list(METHODS), "streaming": True, "progress": False, "cancellation": True, **EXTRAS
        },
    }


def serve(method, params, call):
    if method == "initialize":
        return initialize(params)
    if method == "$/ping":
        return {}
    if method == "health/check":
        return {"status": "healthy", "uptime_ms": int((time.monotonic() - STARTED) * 1000)}
    if state["stopping"]:
        raise Refusal(-32600, "the plugin is shutting down", "unavailable")
    if not state["serving"]:
        raise Refusal(-32000, "%s came before initialized" % method, "unavailable")
    if method in METHODS:
        return METHODS[method](params, call)
    if method in DECLINED:
        raise Refusal(-32001, "%s does not support %s" % (NAME, method), "not_supported")
    raise Refusal(-32601, "%s has no method %s" % (NAME, method), "not_found")


def work(method, params, call):
    try:
        call.answer({"result": serve(method, params, call)})
    except Refusal as error:
        call.refuse(error)
    except Exception as error:
        print("%s failed: %r" % (method, error), file=sys.stderr)
        call.refuse(Refusal(-32603, str(error), "other"))


def take(line):
    try:
        frame = json.loads(line)
    except ValueError:
        return print("skipped a line that is not JSON", file=sys.stderr)
    method = frame.get("method") if isinstance(frame, dict) else None
    if not isinstance(method, str):
        return None
    params = frame.get("params") or {}
    if "id" in frame:
        call = Call(frame["id"])
        if method == "shutdown":
            state["stopping"] = True
            cancel_all()
            return call.answer({"result": {}})
        running[(type(call.id), call.id)] = call
        if method in METHODS:
            return threading.Thread(target=work, args=(method, params, call), daemon=True).start()
        return work(method, params, call)
    if method == "initialized":
        state["serving"] = state["opened"]
    elif method == "exit":
        leave()
    elif method == "$/cancelRequest":
        call = running.get((type(params.get("id")), params.get("id")))
        if call is not None:
            call.cancel()
    elif state["serving"] and method in NOTIFICATIONS:
        NOTIFICATIONS[method](params)


def leave():
    # Threads may still be at work; the answers of all of them are out.
    with writing:
        sys.stdout.flush()
        os._exit(0)


def watch_parent(parent=os.getppid()):
    while os.getppid() == parent:
        time.sleep(5)
    os._exit(0)


USAGE = "%s %s: %s\n\nThe animus daemon starts it and speaks JSON-RPC on its stdin and stdout.\n" % (NAME, VERSION, DESCRIPTION) + (
    "  --manifest, -m   print what it offers, as JSON\n  --help, -h       print this\n"
)


def main():
    option = sys.argv[1] if len(sys.argv) > 1 else ""
    if option in ("--manifest", "-m"):
        return print(json.dumps(MANIFEST))
    if option in ("--help", "-h"):
        return print(USAGE, end="")
    if sys.stdin.isatty():
        sys.exit(sys.stderr.write(USAGE) and 2)
    threading.Thread(target=watch_parent, daemon=True).start()
    for line in sys.stdin.buffer:
        if line.strip():
            take(line.decode("utf-8", "replace"))
    # The end of stdin is the end of the host.
    cancel_all()
    leave()


if __name__ == "__main__":
    main()
`

export const python = (kind: ScaffoldKind, name: string): string => {
  const body = pythonKinds[kind]
  return head(kind, name, body) + shared + body + tail
}
