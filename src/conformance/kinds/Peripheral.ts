/** Triggers, log storage, notifiers, transports and workflow runners. */
import { Effect } from "effect"
import { ErrorCode } from "../../../schemas/JsonRpc.ts"
import { LogStorageMethods } from "../../../schemas/Log.ts"
import { NotifierMethods } from "../../../schemas/Notifier.ts"
import { TransportMethods } from "../../../schemas/Transport.ts"
import { TriggerMethods } from "../../../schemas/Trigger.ts"
import { WorkflowRunnerMethods } from "../../../schemas/WorkflowRunner.ts"
import { unanswered } from "../cases/Lifecycle.ts"
import { isUnavailable, type KindTrials, trialsOf } from "../Trial.ts"

const at = "2026-01-01T00:00:00Z"

const ack = { event_id: "animus-conformance", status: "unmatched" }

export const trigger: KindTrials = {
  kind: "trigger_backend",
  section: "§9",
  trials: trialsOf(TriggerMethods, {
    "trigger/schema": { shares: true },
    "trigger/watch": { params: () => Effect.succeed({ config: { triggers: [] } }), excuses: isUnavailable },
    "trigger/ack": {
      // As hosts send it first: a reader that takes it for a request betrays itself by an answer.
      params: Effect.fnUntraced(function*({ first, session }) {
        yield* first("trigger/watch")
        yield* unanswered(session, session.notify("trigger/ack", ack))
        return ack
      }),
      allows: ({ error }) =>
        error?.code === ErrorCode.MethodNotFound
          ? "it takes acknowledgements as notifications alone, which is how hosts send them"
          : undefined
    }
  })
}

const entry = {
  id: "animus-conformance-1",
  ts: at,
  level: "info",
  source: "cli",
  target: "animus.conformance",
  message: "one entry"
}

export const logStorage: KindTrials = {
  kind: "log_storage_backend",
  section: "§10",
  trials: trialsOf(LogStorageMethods, {
    "log_storage/schema": { shares: true },
    "log_storage/store": {
      params: () => Effect.succeed({ entries: [entry] }),
      also: ({ result }, { session }) =>
        Object(result).stored === 1
          ? Effect.void
          : Effect.fail(session.finding(`one entry was sent, ${Object(result).stored} were stored`)),
      excuses: isUnavailable
    },
    "log_storage/query": {
      params: (talk) => Effect.as(talk.first("log_storage/store"), { limit: 10 }),
      excuses: isUnavailable
    },
    "log_storage/tail": { params: () => Effect.succeed({ follow: true }), excuses: isUnavailable }
  })
}

const event = {
  schema: "animus.daemon-event.v1",
  id: "animus-conformance-1",
  seq: 1,
  timestamp: at,
  event_type: "conformance",
  data: {}
}

export const notifier: KindTrials = {
  kind: "notifier",
  section: "§16",
  trials: trialsOf(NotifierMethods, {
    "notifier/schema": { shares: true },
    "notifier/notify": { params: () => Effect.succeed({ event }), excuses: isUnavailable }
  })
}

export const transport: KindTrials = {
  kind: "transport_backend",
  section: "§11",
  trials: trialsOf(TransportMethods, {
    "transport/start": {
      params: ({ session: { projectRoot } }) =>
        Effect.succeed({
          control_socket_path: `${projectRoot}/control.sock`,
          project_root: projectRoot,
          bind_addr: "127.0.0.1:0"
        }),
      // Nobody listens on the control socket here.
      excuses: isUnavailable
    },
    "transport/schema": { shares: true },
    "transport/shutdown": { also: (_, { first }) => Effect.asVoid(first("transport/shutdown")) }
  })
}

export const workflowRunner: KindTrials = {
  kind: "workflow_runner",
  section: "§12",
  trials: trialsOf(WorkflowRunnerMethods, {
    "workflow/execute": {
      params: () => Effect.succeed({ title: "conformance", description: "nothing to do", vars: {} }),
      // The project is empty: that it has no such workflow is a proper answer.
      excuses: ({ error }) => error !== undefined && error.code <= -32101 && error.code >= -32106
    },
    "workflow/run_phase": {
      params: ({ session: { projectRoot } }) =>
        Effect.succeed({
          execution_cwd: projectRoot,
          workflow_id: "animus-conformance",
          workflow_ref: "conformance",
          subject_id: "conformance:1",
          subject_title: "conformance",
          subject_description: "nothing to do",
          phase_id: "one",
          phase_attempt: 1,
          pipeline_vars: {}
        }),
      excuses: ({ error }) => error !== undefined && error.code <= -32101 && error.code >= -32106
    }
  })
}
