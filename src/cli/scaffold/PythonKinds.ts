/** What the Python template of each kind does: TOKENS, METHODS, NOTIFICATIONS, DECLINED and EXTRAS. */
import { durableStore, memoryStore, queue } from "./PythonStores.ts"
import { type ScaffoldKind, toolFields } from "./ScaffoldKinds.ts"

const quiet = `NOTIFICATIONS = {}
DECLINED = []
EXTRAS = {}
`

const provider = String.raw`TOKENS = ["provider_tool:" + NAME.replace("animus-provider-", "")]
sessions = {}


def run(params, call):
    began = time.monotonic()
    own = params.get("session_id") or ""
    session_id = params.get("control_session_id") or own or str(uuid.uuid4())
    session = sessions[session_id] = threading.Event()
    output = ""
    for word in params["prompt"].split():
        if session.is_set() or call.cancelled.is_set():
            break
        output += word + " "
        notify("agent/output", {"session_id": session_id, "text": word + " ", "final": False})
        session.wait(0.02)
    stopped = session.is_set() or call.cancelled.is_set()
    sessions.pop(session_id, None)
    return {
        "session_id": own,
        "exit_code": 130 if stopped else 0,
        "output": output,
        "duration_ms": int((time.monotonic() - began) * 1000),
        "backend": NAME,
    }


def cancel(params, call):
    session = sessions.get(params.get("session_id"))
    if session is None:
        raise not_found("no live session %s" % params.get("session_id"))
    session.set()
    return {"session_id": params["session_id"], "cancelled": True}


METHODS = {"agent/run": run, "agent/cancel": cancel}
NOTIFICATIONS = {}
# An agent that can go on with a session serves agent/resume, too.
DECLINED = ["agent/resume", "agent/respond"]
EXTRAS = {}
`

const subject = String.raw`SUBJECT_KIND = "note"
TOKENS = ["subject_kind:" + SUBJECT_KIND]
subjects = {}


def known(id):
    subject = subjects.get(id if ":" in id else SUBJECT_KIND + ":" + id)
    if subject is None:
        raise not_found("no subject %s" % id)
    return subject


def listing(params, call):
    filter = params.get("filter") or params
    wanted = filter.get("status")
    found = [subject for subject in subjects.values() if wanted is None or subject["status"] in wanted]
    return {"subjects": found[: filter.get("limit") or 100], "fetched_at": now()}


def create(params, call):
    if not isinstance(params.get("title"), str):
        raise invalid("a subject needs a title")
    at = now()
    subject = {
        "id": "%s:%d" % (SUBJECT_KIND, len(subjects) + 1),
        "kind": SUBJECT_KIND,
        "title": params["title"],
        "status": params.get("status") or "ready",
        "labels": params.get("labels") or [],
        "created_at": at,
        "updated_at": at,
    }
    given = {"description": params.get("body")}
    given.update({key: params.get(key) for key in ("priority", "assignee", "custom")})
    subject.update({key: value for key, value in given.items() if value is not None})
    subjects[subject["id"]] = subject
    return subject


def update(params, call):
    subject, patch = known(params["id"]), params.get("patch") or {}
    labels = [label for label in subject["labels"] if label not in patch.get("labels_remove", [])]
    subject["labels"] = labels + [label for label in patch.get("labels_add", []) if label not in labels]
    if patch.get("status"):
        subject["status"] = patch["status"]
    if "assignee" in patch:  # None clears, a missing one keeps
        subject.pop("assignee", None)
        if patch["assignee"] is not None:
            subject["assignee"] = patch["assignee"]
    subject["updated_at"] = now()
    return subject


def set_status(params, call):
    subject = known(params["id"])
    subject.update(status=params["status"], updated_at=now())
    return subject


def delete(params, call):
    # An id is never used again.
    known(params["id"])["status"] = "cancelled"
    return {"ok": True}


VERBS = {
    "list": listing,
    "get": lambda params, call: known(params["id"]),
    "create": create,
    "update": update,
    "status": set_status,
    "next": lambda params, call: next((one for one in subjects.values() if one["status"] == "ready"), None),
    "delete": delete,
    "schema": lambda params, call: {
        "kinds": [SUBJECT_KIND],
        "status_values": ["ready", "in-progress", "blocked", "done", "cancelled"],
        "supports_watch": False,
        "supports_create": True,
        "supports_delete": True,
        "supports_pagination": False,
    },
}
# The host says subject/get, note/get or animus.note/get.
PREFIXES = ["subject", SUBJECT_KIND, "animus." + SUBJECT_KIND]
METHODS = {"%s/%s" % (prefix, verb): serve_verb for prefix in PREFIXES for verb, serve_verb in VERBS.items()}
NOTIFICATIONS = {}
DECLINED = [prefix + "/watch" for prefix in PREFIXES]
EXTRAS = {"subject_kinds": [SUBJECT_KIND]}
`

const trigger = String.raw`TOKENS = []
EVERY = 60
watching = {"generation": 0}


def watch(params, call):
    # cursor is what the last event before a restart carried; config.triggers are the project's enabled triggers.
    watching["generation"] += 1
    triggers = (params.get("config") or {}).get("triggers") or []
    threading.Thread(target=tick, args=(triggers, watching["generation"]), daemon=True).start()
    return {"watching": True}


def tick(triggers, generation):
    while True:
        time.sleep(EVERY)
        if watching["generation"] != generation:
            return
        for one in triggers:
            at = now()
            event_id = "%s@%s" % (one["id"], at)
            notify("trigger/event", {"event_id": event_id, "trigger_id": one["id"], "cursor": at, "payload": {"at": at}})


METHODS = {
    "trigger/watch": watch,
    "trigger/ack": lambda params, call: {"event_id": params["event_id"], "acked": True},
    "trigger/schema": lambda params, call: {
        "kinds": ["clock"], "supports_resume": False, "supports_dedup": True, "supports_ack": True
    },
}
# What became of an event: the host usually sends it like this.
NOTIFICATIONS = {"trigger/ack": lambda params: print(params["event_id"], params.get("status"), file=sys.stderr)}
DECLINED = []
EXTRAS = {}
`

const logStorage = String.raw`TOKENS = []
LEVELS = ["trace", "debug", "info", "warn", "error"]
kept = {}


# What was not confirmed comes again, under the ids it had.
def store(params, call):
    kept.update((entry["id"], entry) for entry in params["entries"])
    for key in list(kept)[:-10000]:
        del kept[key]
    return {"stored": len(params["entries"])}


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def query(params, call):
    least = LEVELS.index(params.get("min_level") or "trace")
    since = instant(params.get("since") or "0001-01-01T00:00:00Z")
    until = instant(params.get("until") or "9999-12-31T00:00:00Z")
    found = [
        entry
        for entry in kept.values()
        if LEVELS.index(entry["level"]) >= least
        and (params.get("source") or entry["source"]) == entry["source"]
        and since <= instant(entry["ts"]) < until
    ]
    return {"entries": found[-(params.get("limit") or 100) :]}


METHODS = {
    "log_storage/store": store,
    "log_storage/query": query,
    "log_storage/schema": lambda params, call: {
        "supports_query": True, "supports_tail": False, "supports_dedup": False
    },
}
NOTIFICATIONS = {}
DECLINED = ["log_storage/tail"]
EXTRAS = {}
`

const notifier = String.raw`TOKENS = []


def told(params, call):
    event = params["event"]
    print(event["timestamp"], event["event_type"], file=sys.stderr)
    return {"accepted": True, "delivered": 1, "lifecycle_events": []}


METHODS = {
    "notifier/notify": told,
    "notifier/flush": lambda params, call: {"lifecycle_events": []},
    "notifier/schema": lambda params, call: {"connector_kinds": ["stderr"], "supports_flush": True},
}
${quiet}`

const transport = String.raw`from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKENS = ["$ui/web"]
listening = {}


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(("animus works on %s\n" % listening.get("project")).encode())

    def log_message(self, format, *args):
        print(format % args, file=sys.stderr)


def start(params, call):
    # It talks back to the daemon through control_socket_path alone.
    if "server" in listening:
        raise Refusal(-32600, "it is started already", "conflict")
    host, port = (params.get("bind_addr") or "127.0.0.1:0").rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), Page)
    listening.update(server=server, project=params["project_root"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"bound_addr": "%s:%d" % (host, server.server_address[1]), "started_at": now()}


def stop(params, call):
    # It may come twice.
    server = listening.pop("server", None)
    if server is not None:
        server.shutdown()
        server.server_close()
    return {"shutdown": True}


METHODS = {
    "transport/start": start,
    "transport/shutdown": stop,
    "transport/schema": lambda params, call: {
        "kinds": ["http"], "supports_streaming": False, "supports_websocket": False
    },
}
NOTIFICATIONS = {}
DECLINED = ["transport/info"]
EXTRAS = {}
`

const workflowRunner = String.raw`TOKENS = []


def execute(params, call):
    began = time.monotonic()
    return {
        "workflow_id": params.get("workflow_id") or str(uuid.uuid4()),
        "workflow_ref": params.get("workflow_ref") or "default",
        "workflow_status": "completed",
        "subject_id": params.get("task_id") or params.get("title") or "",
        "execution_cwd": os.getcwd(),
        "phases_requested": [],
        "phases_completed": 0,
        "phases_total": 0,
        "total_duration_secs": time.monotonic() - began,
        "phase_results": [],
        "post_success": None,
        "success": True,
        "phase_events": [],
    }


METHODS = {"workflow/execute": execute}
NOTIFICATIONS = {}
DECLINED = ["workflow/run_phase"]
EXTRAS = {}
`

const custom = String.raw`TOKENS = []
TOOLS = [{
${toolFields("    ")}
}]


def tool_call(params, call):
    if params.get("name") != "greet":
        raise not_found("no tool %s" % params.get("name"))
    return {"text": "Hello, %s" % (params.get("arguments") or {}).get("name", "world")}


METHODS = {"mcp/tool_call": tool_call}
NOTIFICATIONS = {}
DECLINED = []
EXTRAS = {"mcp_tools": TOOLS}
`

export const pythonKinds: { readonly [K in ScaffoldKind]: string } = {
  provider,
  subject_backend: subject,
  trigger_backend: trigger,
  log_storage_backend: logStorage,
  notifier,
  transport_backend: transport,
  queue,
  workflow_runner: workflowRunner,
  durable_store: durableStore,
  memory_store: memoryStore,
  custom
}
