/**
 * How host and plugin get to know each other. The first `initialize` opens the plugin for one project; another one for the
 * same project is answered the same again, and one for a different project is refused.
 */
import { Effect, Exit, Scope, Semaphore } from "effect"
import { isCompatibleProtocol, PROTOCOL_VERSION } from "../../schemas/JsonRpc.ts"
import { InitializeParams, InitializeResult, ProjectBinding } from "../../schemas/PluginLifecycle.ts"
import { answer, params } from "./Params.ts"
import type { Host, Method, Methods } from "./Part.ts"
import type { Plugin } from "./Plugin.ts"
import { PluginFailure } from "./PluginFailure.ts"

interface Bound {
  readonly project: ProjectBinding | undefined
  readonly requests: ReadonlyMap<string, Method>
  readonly notifications: ReadonlyMap<string, (params: unknown) => Effect.Effect<void>>
  readonly health: NonNullable<Methods["health"]>
}

const decodeInitialize = params(InitializeParams)
const decodeProject = params(ProjectBinding)
const encodeInitialize = answer(InitializeResult)

const initializeResult = ({ manifest, part }: Plugin): typeof InitializeResult.Type => ({
  protocol_version: PROTOCOL_VERSION,
  plugin_info: {
    name: manifest.name,
    version: manifest.version,
    plugin_kind: manifest.plugin_kind,
    ...(manifest.plugin_kinds === undefined ? {} : { plugin_kinds: manifest.plugin_kinds }),
    description: manifest.description
  },
  capabilities: {
    methods: manifest.capabilities.filter((name) => name.includes("/") && !name.startsWith("$")),
    streaming: part.streaming ?? false,
    progress: false,
    cancellation: true,
    ...(part.kinds === undefined ? {} : { subject_kinds: part.kinds }),
    ...(part.tools === undefined ? {} : { mcp_tools: part.tools })
  },
  ...(part.kindCapabilities === undefined ? {} : { kind_capabilities: part.kindCapabilities })
})

const isSameProject = (a: ProjectBinding | undefined, b: ProjectBinding | undefined) =>
  a?.project_root === b?.project_root && a?.repo_scope === b?.repo_scope

export const makeHandshake = Effect.fnUntraced(function*(plugin: Plugin, notify: Host["notify"]) {
  const scope = yield* Effect.scope
  const oneAtATime = Semaphore.makeUnsafe(1)
  let bound: Bound | undefined

  const open = Effect.fnUntraced(function*(initialize: InitializeParams, project: ProjectBinding | undefined) {
    const inner = yield* Scope.fork(scope)
    const methods = yield* plugin.part.open({ initialize, project, notify }).pipe(
      Scope.provide(inner),
      Effect.onError((cause) => Scope.close(inner, Exit.failCause(cause)))
    )
    bound = {
      project,
      requests: new Map(Object.entries(methods.requests)),
      notifications: new Map(Object.entries(methods.notifications ?? {})),
      health: methods.health ?? Effect.succeed({ status: "healthy" })
    }
  })

  const initialize = Effect.fnUntraced(function*(given: unknown) {
    const hello = yield* decodeInitialize(given)
    if (!isCompatibleProtocol(hello.protocol_version)) {
      const message = `incompatible protocol major: the host speaks ${hello.protocol_version}, ` +
        `${plugin.manifest.name} speaks ${PROTOCOL_VERSION}`
      return yield* new PluginFailure({ category: "invalid_request", message })
    }
    const binding = hello.init_extensions?.["project_binding"]
    const project = binding === undefined || binding === null ? undefined : yield* decodeProject(binding)
    if (project === undefined && plugin.part.needsProject === true) {
      const message = `${plugin.manifest.name} works for one project: send init_extensions.project_binding`
      return yield* new PluginFailure({ category: "invalid_request", message })
    }
    if (bound === undefined) yield* open(hello, project)
    else if (!isSameProject(bound.project, project)) {
      const message = `this process already works for ${bound.project?.project_root ?? "no project"}: start another one`
      return yield* new PluginFailure({ category: "conflict", message })
    }
    return yield* encodeInitialize(initializeResult(plugin))
  })

  return {
    initialize: (given: unknown) => oneAtATime.withPermits(1)(initialize(given)),
    /** Undefined until the plugin is open. */
    bound: () => bound
  }
})
