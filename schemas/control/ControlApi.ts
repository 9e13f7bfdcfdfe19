/** The control surface, whole. One definition serves the daemon, its clients, tests in memory and every transport. */
import { AgentRpcs } from "./AgentRpcs.ts"
import { DaemonRpcs } from "./DaemonRpcs.ts"
import { PluginRpcs } from "./PluginRpcs.ts"
import { QueueRpcs } from "./QueueRpcs.ts"
import { SubjectRpcs } from "./SubjectRpcs.ts"
import { WorkflowRpcs } from "./WorkflowRpcs.ts"

export class ControlApi extends DaemonRpcs.merge(SubjectRpcs, QueueRpcs, WorkflowRpcs, AgentRpcs, PluginRpcs) {}
