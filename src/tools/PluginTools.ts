/**
 * The tools that plugins offer to agents, each under a name of its own: of two plugins with one name the first keeps it, and
 * the other's is refused and told of. A plugin's tools are known once it has run; asking for all of them starts those that
 * say they have some.
 */
import { Context, Effect, Layer, Result, Stream } from "effect"
import type { PluginError } from "../../schemas/errors/PluginErrors.ts"
import { DuplicateTool, ToolNotFound } from "../../schemas/errors/ToolErrors.ts"
import type { Json } from "../../schemas/Json.ts"
import type { McpTool } from "../../schemas/PluginLifecycle.ts"
import { publishDaemonEvent } from "../notify/DaemonEvents.ts"
import { type InstalledPlugin, PluginCatalog } from "../plugin/PluginCatalog.ts"
import { PluginHost } from "../plugin/PluginHost.ts"

export interface OfferedTool {
  readonly plugin: string
  readonly tool: McpTool
}

/** What a plugin says it offers, and who has the name if it is somebody else. */
export interface DeclaredTool {
  readonly tool: McpTool
  readonly holder: string | undefined
}

type Registry = ReadonlyMap<string, OfferedTool>

/** What the plugin offers now, in place of what it offered before. One entry of the answer is one tool. */
export const register = (registry: Registry, plugin: string, tools: ReadonlyArray<McpTool>) => {
  const next = new Map([...registry].filter(([, offered]) => offered.plugin !== plugin))
  const results = tools.map((tool): Result.Result<OfferedTool, DuplicateTool> => {
    const holder = next.get(tool.name)
    if (holder !== undefined) {
      return Result.fail(new DuplicateTool({ tool: tool.name, plugins: [holder.plugin, plugin] }))
    }
    const offered = { plugin, tool }
    next.set(tool.name, offered)
    return Result.succeed(offered)
  })
  return { registry: next, refused: results.flatMap((one) => Result.isFailure(one) ? [one.failure] : []) }
}

const CALL = "mcp/tool_call"
const CALL_MILLIS = 120_000
/** How long who looks at a plugin waits for it to start. */
const DECLARATION = "5 seconds"

export class PluginTools extends Context.Service<PluginTools, {
  readonly tools: Effect.Effect<ReadonlyArray<OfferedTool>>
  /** Of one plugin, in its order; starts it if its manifest says it has some. Undefined while it is not known. */
  readonly declaredBy: (plugin: string) => Effect.Effect<ReadonlyArray<DeclaredTool> | undefined>
  readonly call: (tool: string, given: Json) => Effect.Effect<Json, PluginError | ToolNotFound>
}>()("animus/tools/PluginTools") {
  static readonly layer = Layer.effect(PluginTools, Effect.suspend(() => make))
}

/** What is known of each plugin's tools, from the handshakes there have been. */
const makeRegister = Effect.gen(function*() {
  const host = yield* PluginHost
  let known: Registry = new Map()
  const declared = new Map<string, ReadonlyArray<McpTool>>()
  const told = new Set<string>()

  const collect = Effect.fnUntraced(
    function*(plugin: string) {
      const { capabilities } = yield* host.initialized(plugin)
      const tools = capabilities.mcp_tools ?? []
      const { refused, registry } = register(known, plugin, tools)
      known = registry
      declared.set(plugin, tools)
      const news = refused.filter(({ message }) => !told.has(message))
      for (const { message } of news) told.add(message)
      yield* Effect.forEach(news, ({ message, plugins, tool }) =>
        Effect.andThen(
          Effect.logError(message),
          publishDaemonEvent("plugin-tool-refused", { plugin, tool, holder: plugins[0] ?? null })
        ), { discard: true })
    },
    (effect, plugin) =>
      Effect.catch(
        effect,
        ({ message }) => Effect.logWarning(`the tools of plugin ${plugin} are not known: ${message}`)
      )
  )

  const declaredBy = (plugin: string) =>
    declared.get(plugin)?.map((tool): DeclaredTool => {
      const holder = known.get(tool.name)?.plugin
      return { tool, holder: holder === plugin ? undefined : holder }
    })

  return { collect, declaredBy, known: () => known }
})

const hasTools = ({ manifest }: InstalledPlugin): boolean => manifest.capabilities.includes(CALL)

const make = Effect.gen(function*() {
  const catalog = yield* PluginCatalog
  const host = yield* PluginHost
  const { collect, declaredBy, known } = yield* makeRegister
  const services = yield* Effect.context<Effect.Services<ReturnType<typeof collect>>>()

  yield* host.events.pipe(
    Stream.filter(({ kind }) => kind === "started"),
    Stream.runForEach(({ plugin }) => collect(plugin)),
    Effect.forkScoped
  )

  const offering = Effect.gen(function*() {
    const { plugins } = yield* catalog.discovery
    yield* Effect.forEach(plugins.filter(hasTools), ({ name }) => collect(name), { discard: true })
    return known()
  }).pipe(Effect.provideContext(services))

  return PluginTools.of({
    tools: Effect.map(offering, (registry) => [...registry.values()]),
    declaredBy: Effect.fn("PluginTools.declaredBy")(function*(plugin: string) {
      const { plugins } = yield* catalog.discovery
      const found = plugins.find(({ name }) => name === plugin)
      if (found !== undefined && hasTools(found)) yield* Effect.timeoutOption(collect(plugin), DECLARATION)
      return declaredBy(plugin)
    }, Effect.provideContext(services)),
    call: Effect.fn("PluginTools.call")(function*(tool: string, given: Json) {
      const offered = known().get(tool) ?? (yield* offering).get(tool)
      if (offered === undefined) return yield* new ToolNotFound({ tool, known: [...known().keys()] })
      return yield* host.call(offered.plugin, CALL, { name: tool, arguments: given }, { timeout: CALL_MILLIS })
    })
  })
})
