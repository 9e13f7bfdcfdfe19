/** What the Python templates of the kinds that keep something do. A lock, since every call has a thread of its own. */

const quiet = `NOTIFICATIONS = {}
DECLINED = []
EXTRAS = {}
`

const locked = String.raw`keeping = threading.RLock()


def alone(serve):
    def served(params, call):
        with keeping:
            return serve(params)

    return served
`

export const queue = String.raw`TOKENS = []
${locked}

entries = {}
issued = [0]


def of(status):
    return [entry for entry in entries.values() if entry["status"] == status]


def stats(params):
    counts = {status: len(of(status)) for status in ("pending", "assigned", "held")}
    return {"total": len(entries), "deferred": 0, **counts}


def change(edit):
    def changed(params):
        entry = entries.get(params["entry_id"])
        if entry is None:
            return {"changed": False, "not_found": True}
        edit(entry, params)
        return {"changed": True, "not_found": False}

    return changed


def assign(entry, params):
    entry.update(status="assigned", assigned_at=now())
    if params.get("workflow_id"):
        entry["workflow_id"] = params["workflow_id"]


def hold(entry, params):
    entry.update(status="held", held_at=now())


def pend(entry, params):
    entry["status"] = "pending"
    for key in ("workflow_id", "assigned_at", "held_at"):
        entry.pop(key, None)


def drop(entry, params):
    # What has ended is gone, whatever workflow id it is named with.
    entries.pop(entry["entry_id"])


def subject_of(dispatch):
    subject = dispatch["subject"]
    tagged = subject.get("Task") or subject.get("Requirement") or subject.get("Custom") or {}
    return subject.get("id") or tagged.get("id") or tagged.get("title")


def enqueue(params):
    subject_id = subject_of(params["subject_dispatch"])
    # One subject waits once.
    twin = next((one for one in entries.values() if one["subject_id"] == subject_id and one["status"] != "held"), None)
    if twin and not params.get("run_at"):
        return {"enqueued": False, "entry_id": twin["entry_id"], "subject_id": subject_id}
    issued[0] += 1
    entry_id = "entry-%d" % issued[0]
    timing = {key: params[key] for key in ("run_at", "expire_after_secs") if params.get(key) is not None}
    entries[entry_id] = {
        "entry_id": entry_id,
        "subject_id": subject_id,
        "subject_dispatch": params["subject_dispatch"],
        "status": "pending",
        "enqueued_at": now(),
        **timing,
    }
    return {"enqueued": True, "entry_id": entry_id, "subject_id": subject_id}


def listing(params):
    wanted, offset = params.get("status"), params.get("offset") or 0
    found = [entry for entry in entries.values() if wanted is None or entry["status"] in wanted]
    return {"entries": found[offset : offset + (params.get("limit") or 100)], "total": len(found), "stats": stats({})}


def lease(params):
    ids = params.get("workflow_ids")
    if ids is not None and len(ids) != params["max"]:
        raise Refusal(-32206, "lease %d with %d workflow ids" % (params["max"], len(ids)), "invalid_request")
    excluded = params.get("exclude_subjects") or []
    due = [one for one in of("pending") if one["subject_id"] not in excluded and one.get("run_at", "") <= now()]
    leased = due[: params["max"]]
    for at, entry in enumerate(leased):
        assign(entry, {"workflow_id": ids[at] if ids else None})
    return {"leased": leased}


def reorder(params):
    moved = [id for id in params["entry_ids"] if id in entries]
    for id in [*moved, *(id for id in list(entries) if id not in moved)]:
        entries[id] = entries.pop(id)
    return {"reordered_count": len(moved)}


def release_pending(params):
    if change(pend)(params)["not_found"]:
        raise Refusal(-32201, "no entry %s" % params["entry_id"], "not_found")
    return {"entry_id": params["entry_id"], "status": "pending"}


SERVED = {
    "enqueue": enqueue,
    "list": listing,
    "lease": lease,
    "stats": stats,
    "hold": change(hold),
    "release": change(pend),
    "drop": change(drop),
    "reorder": reorder,
    "mark_assigned": change(assign),
    "completion": change(drop),
    "release_pending": release_pending,
}
METHODS = {"queue/" + verb: alone(serve_verb) for verb, serve_verb in SERVED.items()}
NOTIFICATIONS = {}
DECLINED = ["queue/next_deadline"]
EXTRAS = {}
`

export const durableStore = String.raw`TOKENS = []
${locked}

runs = {}
steps = {}
by_key = {}


def run_of(params):
    run = runs.get((params["run_id"], params["phase_id"]))
    if run is None:
        raise Refusal(-32301, "no run %s %s" % (params["run_id"], params["phase_id"]), "not_found")
    return run


def step_of(params):
    step = steps.get(params["step_id"])
    if step is None:
        raise Refusal(-32302, "no step %s" % params["step_id"], "not_found")
    return step


def begin_workflow_run(params):
    key = (params["run_id"], params["phase_id"])
    run = runs.setdefault(key, {"run_id": key[0], "phase_id": key[1], "epoch": len(runs) + 1, "steps": []})
    return {"epoch": run["epoch"]}


def begin_step(params):
    run, prior = run_of(params), by_key.get(params["idempotency_key"])
    if prior and prior.get("outcome") == "success":
        return {"step_id": prior["step_id"], "status": "already_committed", "prior_output": prior.get("output")}
    if prior and prior.get("outcome") == "error":
        return {"step_id": prior["step_id"], "status": "prior_error", "prior_error": prior.get("error")}
    if prior and prior["expires"] > time.time():
        return {"step_id": prior["step_id"], "status": "in_progress"}
    expires = time.time() + (params.get("reservation_ttl_secs") or 300)
    step = {
        "step_id": str(uuid.uuid4()),
        "step_name": params["step_name"],
        "idempotency_key": params["idempotency_key"],
        "expires": expires,
    }
    steps[step["step_id"]] = by_key[params["idempotency_key"]] = step
    run["steps"].append(step)
    until = datetime.fromtimestamp(expires, timezone.utc).isoformat().replace("+00:00", "Z")
    return {"step_id": step["step_id"], "status": "new", "reservation_expires_at": until}


def commit_step(params):
    given = {key: params[key] for key in ("outcome", "output", "error") if params.get(key) is not None}
    step_of(params).update(given, committed_at=now())
    return {"ack": True}


def abandon_step(params):
    step = step_of(params)
    steps.pop(step["step_id"])
    by_key.pop(step["idempotency_key"])
    return {"ack": True}


def recover_in_flight(params):
    recent = [run for run in runs.values() if run["epoch"] >= params["since_epoch"]]
    return {"in_flight": [{"run_id": run["run_id"], "phase_id": run["phase_id"]} for run in recent]}


def query_run(params):
    run = run_of(params)
    done = [step for step in run["steps"] if "committed_at" in step]
    return {"run_id": run["run_id"], "phase_id": run["phase_id"], "status": "pending", "steps": done}


SERVED = [begin_workflow_run, begin_step, commit_step, abandon_step, recover_in_flight, query_run]
METHODS = {"durable/" + served.__name__: alone(served) for served in SERVED}
${quiet}`

export const memoryStore = String.raw`TOKENS = []
${locked}

scopes = {}


def name_of(scope):
    return (scope["project_id"], scope.get("agent_id"), scope.get("task_id"))


def put(params):
    kept = scopes.setdefault(name_of(params["scope"]), {"scope": params["scope"], "values": {}})
    kept["values"][params["key"]] = params["value"]
    return {"ack": True, "indexed_immediately": True}


def values_of(params):
    return scopes.get(name_of(params["scope"]), {"values": {}})["values"]


def get(params):
    values = values_of(params)
    return {"found": True, "value": values[params["key"]]} if params["key"] in values else {"found": False}


def query(params):
    found = [(key, value) for key, value in values_of(params).items() if params["query"] in key + json.dumps(value)]
    return {"results": [{"key": key, "value": value, "score": 1} for key, value in found[: params["top_k"]]]}


def list_scopes(params):
    wanted = params.get("project_id")
    kept = [one["scope"] for one in scopes.values()]
    return {"scopes": [scope for scope in kept if wanted in (None, scope["project_id"])]}


def delete_scope(params):
    scopes.pop(name_of(params["scope"]), None)
    return {"ack": True}


METHODS = {"memory/" + served.__name__: alone(served) for served in [put, get, query, list_scopes, delete_scope]}
${quiet}`
