/** What holds for every kind, or for several: cancellation, the project binding, tools, other methods, and a clean end. */
import { Effect, Schedule } from "effect"
import type { Json } from "../../../schemas/Json.ts"
import { ErrorCode } from "../../../schemas/JsonRpc.ts"
import type { McpTool } from "../../../schemas/PluginLifecycle.ts"
import { projectBoundKinds } from "../../../schemas/PluginManifest.ts"
import { type Bench, canCancel, capabilitiesOf, hello, kindsOf } from "../Bench.ts"
import type { Case } from "../Case.ts"
import { NotApplicable } from "../Finding.ts"
import { shown } from "../Shown.ts"
import { HANDSHAKE } from "./Lifecycle.ts"

const needsProject = ({ profile }: Bench) =>
  kindsOf(profile).some((kind) => projectBoundKinds.has(kind))
    ? Effect.void
    : Effect.fail(new NotApplicable({ reason: "none of its kinds needs a project binding" }))

const bindingRequired = (bench: Bench) =>
  Effect.gen(function*() {
    yield* needsProject(bench)
    const session = yield* bench.start(yield* bench.projectRoot)
    const { error, frame } = yield* session.ask("initialize", hello(undefined))
    if (error === undefined) return yield* session.finding(shown(frame))
  })

const oneProject = (bench: Bench) =>
  Effect.gen(function*() {
    yield* needsProject(bench)
    const session = yield* bench.shared
    const { error, frame } = yield* session.ask("initialize", hello(yield* bench.projectRoot))
    if (error === undefined) return yield* session.finding(shown(frame))
  })

const cancelled = (bench: Bench) =>
  Effect.gen(function*() {
    if (!canCancel(bench.profile)) return yield* new NotApplicable({ reason: "its capability `cancellation` is false" })
    const session = yield* bench.shared
    const id = yield* session.begin("health/check")
    yield* session.notify("$/cancelRequest", { id })
    const { error, frame } = yield* session.answerTo(id)
    if (error !== undefined && error.code !== ErrorCode.RequestCancelled) return yield* session.finding(shown(frame))
  })

const nothingLeft = (bench: Bench) =>
  Effect.gen(function*() {
    const session = yield* bench.begun
    yield* session.ask("shutdown", undefined, { millis: session.limits.shutdown })
    yield* session.notify("exit")
    yield* session.exited(session.limits.exit, "exit")
    const left = yield* Effect.repeat(session.running, {
      while: (rows) => rows.length > 0,
      schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo({ times: 20 }))
    }).pipe(Effect.andThen(session.running))
    if (left.length > 0) {
      return yield* session.finding(
        `still running: ${left.map(({ command, pid }) => `${command} (${pid})`).join(", ")}`
      )
    }
  })

export const generalCases: ReadonlyArray<Case> = [
  {
    id: "cancel.request",
    title: "a cancelled request is answered",
    section: "§5",
    says: "a cancelled request must still be answered, with -32002, or with its result when that came first",
    needs: [HANDSHAKE, "lifecycle.health"],
    run: cancelled
  },
  {
    id: "binding.required",
    title: "initialize without a project is refused",
    section: "§2.1",
    says: "project_binding is mandatory for workflow_runner, queue, durable_store and memory_store",
    needs: [HANDSHAKE],
    run: bindingRequired
  },
  {
    id: "binding.one-project",
    title: "initialize for another project is refused",
    section: "§2.1",
    says: "one process serves one project for its whole life",
    needs: [HANDSHAKE],
    run: oneProject
  },
  {
    id: "end.nothing-left",
    title: "nothing it started outlives it",
    section: "§2",
    says: "when the plugin has ended, no process of it is left",
    needs: [HANDSHAKE, "lifecycle.exit"],
    run: nothingLeft
  }
]

const samples: { readonly [type: string]: Json } = {
  string: "conformance",
  integer: 1,
  number: 1,
  boolean: true,
  array: [],
  object: {},
  null: null
}

/** The smallest arguments that a tool's schema asks for, as far as it says so plainly. */
const argumentsOf = ({ input_schema }: McpTool): Json => {
  const { properties, required } = Object(input_schema)
  const names: ReadonlyArray<unknown> = Array.isArray(required) ? required : []
  return Object.fromEntries(names.map((name) => {
    const property = Object(Object(properties)[String(name)])
    const choice: unknown = property.enum?.[0] ?? property.const ?? samples[String(property.type)] ?? "conformance"
    return [String(name), choice as Json]
  }))
}

const toolCase = (tool: McpTool): Case => ({
  id: `tool.${tool.name}`,
  title: `mcp/tool_call ${tool.name} is answered`,
  section: "§2.4",
  says: "mcp/tool_call {name, arguments} goes to the plugin that declared the tool in `mcp_tools`",
  needs: [HANDSHAKE],
  run: (bench) =>
    Effect.gen(function*() {
      const session = yield* bench.shared
      const { error, frame } = yield* session.ask("mcp/tool_call", { name: tool.name, arguments: argumentsOf(tool) })
      if (error === undefined) return
      if (error.code === ErrorCode.InvalidParams && tool.input_schema !== undefined) {
        return yield* new NotApplicable({ reason: `it wants other arguments than its schema tells: ${error.message}` })
      }
      return yield* session.finding(shown(frame))
    })
})

const otherMethod = (method: string): Case => ({
  id: `methods.${method}`,
  title: `${method} is known`,
  section: "§2.2",
  says: "a method that is listed among the capabilities is served",
  needs: [HANDSHAKE],
  run: (bench) =>
    Effect.gen(function*() {
      const session = yield* bench.shared
      const { error, frame } = yield* session.ask(method, {})
      if (error?.code === ErrorCode.MethodNotFound || error?.code === ErrorCode.PluginNotInitialized) {
        return yield* session.finding(shown(frame))
      }
    })
})

const shared: ReadonlySet<string> = new Set(["health/check", "mcp/tool_call", "agent/cancel"])

/** Tools, and methods of the plugin's own, which are only asked whether they are there. */
export const ownCases = (bench: Bench, covered: ReadonlySet<string>): ReadonlyArray<Case> => {
  const tools = bench.profile.initialized?.capabilities.mcp_tools ?? []
  const methods = [...capabilitiesOf(bench.profile)].filter((name) =>
    /^[a-z][\w.-]*\/[\w./-]+$/i.test(name) && !shared.has(name) && !covered.has(`methods.${name}`)
  )
  return [...tools.map(toolCase), ...methods.map(otherMethod)]
}
