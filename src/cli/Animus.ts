/** The `animus` command: its groups and what is in them. */
import type { Layer } from "effect"
import { Command } from "effect/cli"
import { status } from "./commands/Status.ts"
import { Json, ProjectRoot } from "./GlobalFlags.ts"
import { named } from "./Loaders.ts"

type Args = ReadonlyArray<string>

const daemonCommands = {
  start: () => import("./commands/DaemonStart.ts").then(({ daemonStart }) => daemonStart),
  stop: () => import("./commands/DaemonStop.ts").then(({ daemonStop }) => daemonStop),
  status: () => import("./commands/DaemonStatus.ts").then(({ daemonStatus }) => daemonStatus),
  health: () => import("./commands/DaemonHealth.ts").then(({ daemonHealth }) => daemonHealth),
  agents: () => import("./commands/DaemonAgents.ts").then(({ daemonAgents }) => daemonAgents),
  events: () => import("./commands/DaemonEvents.ts").then(({ daemonEvents }) => daemonEvents),
  metrics: () => import("./commands/DaemonMetrics.ts").then(({ daemonMetrics }) => daemonMetrics),
  preflight: () => import("./commands/DaemonPreflight.ts").then(({ daemonPreflight }) => daemonPreflight),
  pause: () => import("./commands/DaemonPause.ts").then(({ daemonPause }) => daemonPause),
  resume: () => import("./commands/DaemonResume.ts").then(({ daemonResume }) => daemonResume),
  restart: () => import("./commands/DaemonRestart.ts").then(({ daemonRestart }) => daemonRestart),
  logs: () => import("./commands/Logs.ts").then(({ daemonLogs }) => daemonLogs),
  run: () => import("./commands/DaemonRun.ts").then(({ daemonRun }) => daemonRun)
}
const daemon = async (args: Args) =>
  Command.make("daemon").pipe(
    Command.withDescription("Start, stop and look after the daemon"),
    Command.withSubcommands(await named(daemonCommands, args))
  )

const subjectCommands = {
  create: () => import("./commands/SubjectCreate.ts").then(({ subjectCreate }) => subjectCreate),
  list: () => import("./commands/SubjectList.ts").then(({ subjectList }) => subjectList),
  get: () => import("./commands/SubjectGet.ts").then(({ subjectGet }) => subjectGet),
  update: () => import("./commands/SubjectUpdate.ts").then(({ subjectUpdate }) => subjectUpdate),
  status: () => import("./commands/SubjectSetStatus.ts").then(({ subjectSetStatus }) => subjectSetStatus),
  next: () => import("./commands/SubjectNext.ts").then(({ subjectNext }) => subjectNext)
}
const subject = async (args: Args) =>
  Command.make("subject").pipe(
    Command.withDescription("The backlog: tasks, requirements, and whatever else a plugin serves"),
    Command.withSubcommands(await named(subjectCommands, args))
  )

const queueCommands = {
  enqueue: () => import("./commands/QueueEnqueue.ts").then(({ queueEnqueue }) => queueEnqueue),
  list: () => import("./commands/QueueList.ts").then(({ queueList }) => queueList),
  stats: () => import("./commands/QueueStats.ts").then(({ queueStats }) => queueStats),
  hold: () => import("./commands/QueueHold.ts").then(({ queueHold }) => queueHold),
  release: () => import("./commands/QueueRelease.ts").then(({ queueRelease }) => queueRelease),
  reorder: () => import("./commands/QueueReorder.ts").then(({ queueReorder }) => queueReorder),
  drop: () => import("./commands/QueueDrop.ts").then(({ queueDrop }) => queueDrop)
}
const queue = async (args: Args) =>
  Command.make("queue").pipe(
    Command.withDescription("Work that waits for capacity"),
    Command.withSubcommands(await named(queueCommands, args))
  )

const workflowConfigCommands = {
  validate: () => import("./commands/WorkflowConfigValidate.ts").then(({ validate }) => validate),
  compile: () => import("./commands/WorkflowConfigValidate.ts").then(({ compile }) => compile),
  get: () => import("./commands/WorkflowConfigGet.ts").then(({ configGet }) => configGet)
}
const workflowConfig = async (args: Args) =>
  Command.make("config").pipe(
    Command.withDescription("The workflow files of this project, as they are read; no daemon is needed"),
    Command.withSubcommands(await named(workflowConfigCommands, args))
  )

const workflowCommands = {
  run: () => import("./commands/WorkflowRun.ts").then(({ workflowRun }) => workflowRun),
  watch: () => import("./commands/WorkflowWatch.ts").then(({ workflowWatch }) => workflowWatch),
  list: () => import("./commands/WorkflowList.ts").then(({ workflowList }) => workflowList),
  get: () => import("./commands/WorkflowGet.ts").then(({ workflowGet }) => workflowGet),
  events: () => import("./commands/WorkflowEvents.ts").then(({ workflowEvents }) => workflowEvents),
  decisions: () => import("./commands/WorkflowDecisions.ts").then(({ workflowDecisions }) => workflowDecisions),
  journal: () => import("./commands/WorkflowJournal.ts").then(({ workflowJournal }) => workflowJournal),
  approve: () => import("./commands/WorkflowApprove.ts").then(({ workflowApprove }) => workflowApprove),
  reject: () => import("./commands/WorkflowReject.ts").then(({ workflowReject }) => workflowReject),
  phase: () => import("./commands/WorkflowPhase.ts").then(({ workflowPhase }) => workflowPhase),
  answer: () => import("./commands/WorkflowAnswer.ts").then(({ workflowAnswer }) => workflowAnswer),
  retry: () => import("./commands/WorkflowRetry.ts").then(({ workflowRetry }) => workflowRetry),
  fork: () => import("./commands/WorkflowFork.ts").then(({ workflowFork }) => workflowFork),
  pause: () => import("./commands/WorkflowPause.ts").then(({ workflowPause }) => workflowPause),
  resume: () => import("./commands/WorkflowResume.ts").then(({ workflowResume }) => workflowResume),
  cancel: () => import("./commands/WorkflowCancel.ts").then(({ workflowCancel }) => workflowCancel),
  prune: () => import("./commands/WorkflowPrune.ts").then(({ workflowPrune }) => workflowPrune),
  definitions: () => import("./commands/WorkflowDefinitions.ts").then(({ workflowDefinitions }) => workflowDefinitions),
  phases: () => import("./commands/WorkflowDefinitions.ts").then(({ workflowPhases }) => workflowPhases),
  config: workflowConfig
}
const workflow = async (args: Args) =>
  Command.make("workflow").pipe(
    Command.withDescription("Runs: start them, watch them, decide for them"),
    Command.withSubcommands(await named(workflowCommands, args))
  )

const triggerCommands = {
  list: () => import("./commands/TriggerList.ts").then(({ triggerList }) => triggerList),
  fire: () => import("./commands/TriggerFire.ts").then(({ triggerFire }) => triggerFire)
}
const trigger = async (args: Args) =>
  Command.make("trigger").pipe(
    Command.withDescription("What may start work from outside"),
    Command.withSubcommands(await named(triggerCommands, args))
  )

const pluginCommands = {
  list: () => import("./commands/PluginList.ts").then(({ pluginList }) => pluginList),
  install: () => import("./commands/PluginInstall.ts").then(({ pluginInstall }) => pluginInstall),
  "install-defaults": () =>
    import("./commands/PluginInstallDefaults.ts").then(({ pluginInstallDefaults }) => pluginInstallDefaults),
  uninstall: () => import("./commands/PluginUninstall.ts").then(({ pluginUninstall }) => pluginUninstall),
  update: () => import("./commands/PluginUpdate.ts").then(({ pluginUpdate }) => pluginUpdate),
  rollback: () => import("./commands/PluginRollback.ts").then(({ pluginRollback }) => pluginRollback),
  doctor: () => import("./commands/PluginDoctor.ts").then(({ pluginDoctor }) => pluginDoctor),
  lock: () => import("./commands/PluginLock.ts").then(({ pluginLock }) => pluginLock),
  info: () => import("./commands/PluginInfo.ts").then(({ pluginInfo }) => pluginInfo),
  ping: () => import("./commands/PluginPing.ts").then(({ pluginPing }) => pluginPing),
  call: () => import("./commands/PluginCall.ts").then(({ pluginCall }) => pluginCall),
  new: () => import("./commands/PluginNew.ts").then(({ pluginNew }) => pluginNew),
  test: () => import("./commands/PluginTest.ts").then(({ pluginTest }) => pluginTest),
  status: () => import("./commands/PluginStatus.ts").then(({ pluginStatus }) => pluginStatus),
  restart: () => import("./commands/PluginRestart.ts").then(({ pluginRestart }) => pluginRestart),
  orphans: () => import("./commands/PluginOrphans.ts").then(({ pluginOrphans }) => pluginOrphans)
}
const plugin = async (args: Args) =>
  Command.make("plugin").pipe(
    Command.withDescription("The plugins that do the work outside"),
    Command.withSubcommands(await named(pluginCommands, args))
  )

const sessionStoreCommands = {
  migrate: () => import("./commands/SessionStoreMigrate.ts").then(({ sessionStoreMigrate }) => sessionStoreMigrate),
  status: () => import("./commands/SessionStoreStatus.ts").then(({ sessionStoreStatus }) => sessionStoreStatus)
}
const sessionStore = async (args: Args) =>
  Command.make("session-store").pipe(
    Command.withDescription("Where runs are kept"),
    Command.withSubcommands(await named(sessionStoreCommands, args))
  )

/** What works on a project gets `services`; the demo brings a project of its own, and leaves no trace beside the one around it. */
const commandsWith = <A, E, R>(services: Layer.Layer<A, E, R>) => {
  const served = <Name extends string, Input, Shared, E2, R2>(
    load: (args: Args) => Promise<Command.Command<Name, Input, Shared, E2, R2>>
  ) =>
  (args: Args) => load(args).then((command) => Command.provide(command, services))
  return {
    init: served(() => import("./commands/Init.ts").then(({ init }) => init)),
    // What is typed all day is here at once.
    status: served(() => Promise.resolve(status)),
    daemon: served(daemon),
    subject: served(subject),
    queue: served(queue),
    workflow: served(workflow),
    trigger: served(trigger),
    events: served(() => import("./commands/Events.ts").then(({ events }) => events)),
    logs: served(() => import("./commands/Logs.ts").then(({ logs }) => logs)),
    plugin: served(plugin),
    "session-store": served(sessionStore),
    trust: served(() => import("./commands/Trust.ts").then(({ trust }) => trust)),
    doctor: served(() => import("./commands/PluginDoctor.ts").then(({ pluginDoctor }) => pluginDoctor)),
    version: served(() => import("./commands/Version.ts").then(({ version }) => version)),
    demo: () => import("./commands/Demo.ts").then(({ demo }) => demo)
  }
}

/** As much of the tree as `args` ask for. `services` is built for the one command that is run; it may ask for the global flags. */
export const animus = async <A, E, R>(services: Layer.Layer<A, E, R>, args: Args) =>
  Command.make("animus").pipe(
    Command.withDescription("Runs AI-agent work on a repository, supervised and durable"),
    Command.withSubcommands(await named(commandsWith(services), args)),
    Command.withGlobalFlags([Json, ProjectRoot])
  )
