/** The `animus` command: its groups and what is in them. */
import type { Layer } from "effect"
import { Command } from "effect/cli"
import { daemonHealth } from "./commands/DaemonHealth.ts"
import { daemonRun } from "./commands/DaemonRun.ts"
import { daemonStart } from "./commands/DaemonStart.ts"
import { daemonStatus } from "./commands/DaemonStatus.ts"
import { daemonStop } from "./commands/DaemonStop.ts"
import { demo } from "./commands/Demo.ts"
import { events } from "./commands/Events.ts"
import { init } from "./commands/Init.ts"
import { logs } from "./commands/Logs.ts"
import { pluginCall } from "./commands/PluginCall.ts"
import { pluginInfo } from "./commands/PluginInfo.ts"
import { pluginList } from "./commands/PluginList.ts"
import { pluginPing } from "./commands/PluginPing.ts"
import { queueDrop } from "./commands/QueueDrop.ts"
import { queueEnqueue } from "./commands/QueueEnqueue.ts"
import { queueHold } from "./commands/QueueHold.ts"
import { queueList } from "./commands/QueueList.ts"
import { queueRelease } from "./commands/QueueRelease.ts"
import { queueReorder } from "./commands/QueueReorder.ts"
import { queueStats } from "./commands/QueueStats.ts"
import { status } from "./commands/Status.ts"
import { subjectCreate } from "./commands/SubjectCreate.ts"
import { subjectGet } from "./commands/SubjectGet.ts"
import { subjectList } from "./commands/SubjectList.ts"
import { subjectNext } from "./commands/SubjectNext.ts"
import { subjectSetStatus } from "./commands/SubjectSetStatus.ts"
import { subjectUpdate } from "./commands/SubjectUpdate.ts"
import { trust } from "./commands/Trust.ts"
import { workflowApprove } from "./commands/WorkflowApprove.ts"
import { workflowCancel } from "./commands/WorkflowCancel.ts"
import { workflowGet } from "./commands/WorkflowGet.ts"
import { workflowJournal } from "./commands/WorkflowJournal.ts"
import { workflowList } from "./commands/WorkflowList.ts"
import { workflowPause } from "./commands/WorkflowPause.ts"
import { workflowReject } from "./commands/WorkflowReject.ts"
import { workflowResume } from "./commands/WorkflowResume.ts"
import { workflowRun } from "./commands/WorkflowRun.ts"
import { workflowWatch } from "./commands/WorkflowWatch.ts"
import { Json, ProjectRoot } from "./GlobalFlags.ts"

const daemon = Command.make("daemon").pipe(
  Command.withDescription("Start, stop and look after the daemon"),
  Command.withSubcommands([daemonStart, daemonStop, daemonStatus, daemonHealth, daemonRun])
)

const subject = Command.make("subject").pipe(
  Command.withDescription("The backlog: tasks, requirements, and whatever else a plugin serves"),
  Command.withSubcommands([subjectCreate, subjectList, subjectGet, subjectUpdate, subjectSetStatus, subjectNext])
)

const queue = Command.make("queue").pipe(
  Command.withDescription("Work that waits for capacity"),
  Command.withSubcommands([queueEnqueue, queueList, queueStats, queueHold, queueRelease, queueReorder, queueDrop])
)

const workflow = Command.make("workflow").pipe(
  Command.withDescription("Runs: start them, watch them, decide for them"),
  Command.withSubcommands([
    workflowRun,
    workflowWatch,
    workflowList,
    workflowGet,
    workflowJournal,
    workflowApprove,
    workflowReject,
    workflowPause,
    workflowResume,
    workflowCancel
  ])
)

const plugin = Command.make("plugin").pipe(
  Command.withDescription("The plugins that do the work outside"),
  Command.withSubcommands([pluginList, pluginInfo, pluginPing, pluginCall])
)

/** `services` is built for the one command that is run; it may ask for the global flags. */
export const animus = <A, E, R>(services: Layer.Layer<A, E, R>) =>
  Command.make("animus").pipe(
    Command.withDescription("Runs AI-agent work on a repository, supervised and durable"),
    Command.withSubcommands([init, status, daemon, subject, queue, workflow, events, logs, plugin, trust, demo]),
    Command.provide(services),
    Command.withGlobalFlags([Json, ProjectRoot])
  )
