/** Files and frames that the documents show, read by what reads them in the program. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, Result, Schema } from "effect"
import * as DaemonConfigFile from "../../layers/DaemonConfigFile.ts"
import * as PluginStoreFile from "../../layers/PluginStoreFile.ts"
import { InitializeParams, InitializeResult } from "../../schemas/PluginLifecycle.ts"
import { Subject, SubjectId } from "../../schemas/Subject.ts"
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

/** What a method's params and its result look like. */
const methods = {
  initialize: { params: InitializeParams, result: InitializeResult },
  initialized: { params: Schema.Undefined, result: Schema.Never },
  "chore/get": { params: SubjectId, result: Subject }
}
const isKnown = (method: unknown): method is keyof typeof methods =>
  typeof method === "string" && Object.hasOwn(methods, method)

const decodes = (schema: Schema.Decoder<unknown>, value: unknown) => Schema.decodeUnknownSync(schema)(value)

/** An answer is judged by the request of its id, which some block before it shows. */
const asked = new Map<unknown, keyof typeof methods>()

const decodeFrame = (line: string) => {
  const { id, jsonrpc, method, params, result } = JSON.parse(line)
  assert.strictEqual(jsonrpc, "2.0")
  const name = method ?? asked.get(id)
  assert.isTrue(isKnown(name), line)
  if (!isKnown(name)) return
  if (method === undefined) decodes(methods[name].result, result)
  else {
    asked.set(id, name)
    decodes(methods[name].params, params)
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
