/** Files and frames that the documents show, read by what reads them in the program. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, Result, Schema } from "effect"
import * as DaemonConfigFile from "../../layers/DaemonConfigFile.ts"
import * as PluginStoreFile from "../../layers/PluginStoreFile.ts"
import { DurableStoreMethods } from "../../schemas/DurableStore.ts"
import { ErrorObject } from "../../schemas/JsonRpc.ts"
import { LogStorageMethods } from "../../schemas/Log.ts"
import { MemoryStoreMethods } from "../../schemas/MemoryStore.ts"
import { NotifierMethods } from "../../schemas/Notifier.ts"
import { InitializeParams, InitializeResult, McpToolCallParams } from "../../schemas/PluginLifecycle.ts"
import {
  AgentCancelParams,
  AgentCancelResult,
  AgentNotificationParams,
  AgentRunRequest,
  AgentRunResponse
} from "../../schemas/Provider.ts"
import { QueueMethods } from "../../schemas/QueueStore.ts"
import {
  CreateSubject,
  SetSubjectStatus,
  Subject,
  SubjectFilter,
  SubjectId,
  SubjectList,
  UpdateSubject,
  WatchSubjects
} from "../../schemas/Subject.ts"
import { TransportMethods } from "../../schemas/Transport.ts"
import { TriggerEvent, TriggerMethods } from "../../schemas/Trigger.ts"
import { WorkflowRunnerMethods } from "../../schemas/WorkflowRunner.ts"
import { findCandidates } from "../../src/plugin/Candidates.ts"
import { DaemonConfig } from "../../src/project/DaemonConfig.ts"
import { HostEnvironment } from "../../src/project/HostEnvironment.ts"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { Trust } from "../../src/project/Trust.ts"
import { compileProject } from "../../src/workflow/Compile.ts"
import { allSnippets, placeOf, type Snippet } from "./Snippets.ts"

const blocks = (language: string) => allSnippets.filter((snippet) => snippet.language === language)

/** A machine on which this file is all there is. */
const machineWith = ({ file = "", text }: Snippet) =>
  Layer.unwrap(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const root = yield* fs.makeTempDirectoryScoped({ prefix: "animus-docs-" })
    const [configDir, projectDir] = [path.join(root, ".animus"), path.join(root, "project", ".animus")]
    for (const folder of [configDir, projectDir]) yield* fs.makeDirectory(folder, { recursive: true })
    const home = file.startsWith("~/")
    yield* fs.writeFileString(path.join(root, home ? file.slice(2) : path.join("project", file)), text)
    const unused = Effect.die("nothing of a project is looked at here")
    return Layer.mergeAll(
      Layer.succeed(ProjectScope, { projectRoot: root, projectDir, configDir, scopeDir: root, socketPath: "" }),
      Layer.succeed(HostEnvironment, { env: {}, cookie: "docs", generation: "1" }),
      Layer.succeed(Trust, { status: unused, approve: unused, revoke: Effect.void, require: () => Effect.void })
    )
  })).pipe((machine) => Layer.provideMerge(PluginStoreFile.layer, machine), Layer.provideMerge(NodeServices.layer))

const compiles = ({ file = "", text }: Snippet) => {
  const compiled = compileProject([{ file, text }], () => undefined)
  assert.isTrue(Result.isSuccess(compiled), JSON.stringify(compiled))
  assert.deepStrictEqual(Result.getOrThrow(compiled).warnings, [])
}

const settings = (snippet: Snippet) =>
  Effect.gen(function*() {
    const shown = JSON.parse(snippet.text).daemon
    assert.deepInclude(yield* DaemonConfig, shown)
  }).pipe(Effect.provide(DaemonConfigFile.layer.pipe(Layer.provide(machineWith(snippet)))))

const readers: Readonly<Record<string, (snippet: Snippet) => Effect.Effect<void, unknown>>> = {
  ".animus/workflows.yaml": (snippet) => Effect.sync(() => compiles(snippet)),
  ".animus/config.json": settings,
  "~/.animus/config.json": settings,
  "~/.animus/plugins.yaml": (snippet) =>
    Effect.gen(function*() {
      const { candidates, warnings } = yield* findCandidates
      assert.deepStrictEqual(warnings, [])
      assert.isNotEmpty(candidates)
    }).pipe(Effect.provide(machineWith(snippet)), Effect.scoped)
}

interface Wire {
  readonly params: Schema.Decoder<unknown>
  readonly result: Schema.Decoder<unknown>
}

const verbs: Readonly<Record<string, Wire>> = {
  get: { params: SubjectId, result: Subject },
  list: { params: SubjectFilter, result: SubjectList },
  create: { params: CreateSubject, result: Subject },
  update: { params: UpdateSubject, result: Subject },
  status: { params: SetSubjectStatus, result: Subject },
  watch: { params: WatchSubjects, result: Schema.Never }
}
const subjects = (kind: string) =>
  Object.fromEntries(Object.entries(verbs).map(([verb, wire]) => [`${kind}/${verb}`, wire]))

const told = (params: Schema.Decoder<unknown>): Wire => ({ params, result: Schema.Never })

/** What a method's params and its result look like; what is only told has none. */
const methods: Readonly<Record<string, Wire>> = {
  initialize: { params: InitializeParams, result: InitializeResult },
  initialized: told(Schema.Undefined),
  ...subjects("chore"),
  ...subjects("note"),
  "agent/run": { params: AgentRunRequest, result: AgentRunResponse },
  "agent/resume": { params: AgentRunRequest, result: AgentRunResponse },
  "agent/cancel": { params: AgentCancelParams, result: AgentCancelResult },
  ...Object.fromEntries(Object.entries(AgentNotificationParams).map(([method, params]) => [method, told(params)])),
  "trigger/event": told(TriggerEvent),
  ...TriggerMethods,
  ...LogStorageMethods,
  ...NotifierMethods,
  ...TransportMethods,
  ...QueueMethods,
  ...WorkflowRunnerMethods,
  ...DurableStoreMethods,
  ...MemoryStoreMethods,
  "mcp/tool_call": { params: McpToolCallParams, result: Schema.Json }
}

const decodes = (schema: Schema.Decoder<unknown>, value: unknown) => Schema.decodeUnknownSync(schema)(value)

/** An answer is judged by the request of its id, which some block before it shows. */
const asked = new Map<unknown, string>()

const decodeFrame = (line: string) => {
  const { error, id, jsonrpc, method, params, result } = JSON.parse(line)
  assert.strictEqual(jsonrpc, "2.0")
  const name: string = method ?? asked.get(id)
  const wire = methods[name] ?? assert.fail(`nobody knows ${name}: ${line}`)
  if (error !== undefined) decodes(ErrorObject, error)
  else if (method === undefined) decodes(wire.result, result)
  else {
    asked.set(id, method)
    decodes(wire.params, params)
  }
}

describe("files in the documents", () => {
  for (const snippet of [...blocks("yaml"), ...blocks("json").filter(({ file }) => file !== undefined)]) {
    it.effect(`${snippet.file} at ${placeOf(snippet)} is read without a complaint`, () => {
      const read = readers[snippet.file ?? ""]
      assert.isDefined(read, "a block of yaml says with file= what it is")
      return read(snippet)
    })
  }
})

describe("frames in the documents", () => {
  for (const snippet of blocks("json").filter(({ file }) => file === undefined)) {
    it(`those at ${placeOf(snippet)} decode`, () => snippet.text.trimEnd().split("\n").forEach(decodeFrame))
  }
})
