import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer, Path } from "effect"
import { ProjectScope } from "../../src/project/ProjectScope.ts"
import { resolveEnv } from "../../src/workflow/ResolveEnv.ts"
import { Workflows } from "../../src/workflow/Workflows.ts"

const phase = (text: string) => `{ mode: manual, manual: { instructions: "${text}" } }`

/** A project folder with these files under `.animus`. */
const project = (files: Record<string, string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const projectRoot = yield* fs.makeTempDirectoryScoped({ prefix: "animus-workflows-" })
    const projectDir = path.join(projectRoot, ".animus")
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(projectDir, name)
      yield* fs.makeDirectory(path.dirname(file), { recursive: true })
      yield* fs.writeFileString(file, text)
    }
    const scope = ProjectScope.of({
      projectRoot,
      projectDir,
      configDir: projectRoot,
      scopeDir: projectRoot,
      socketPath: ""
    })
    return { projectDir, layer: Workflows.layer.pipe(Layer.provide(Layer.succeed(ProjectScope, scope))) }
  })

const env = (record: Record<string, string>) => ConfigProvider.layer(ConfigProvider.fromEnv({ env: record }))

/** Not a template of ours. */
const UNSET = ["$", "{UNSET_THING}"].join("")

describe("Workflows", () => {
  it.layer(NodeServices.layer)((it) => {
    it.effect("reads workflows.yaml, then the folder by name; later files win", () =>
      Effect.gen(function*() {
        const { layer } = yield* project({
          "workflows.yaml": `default_workflow_ref: W\nphases: { p: ${
            phase("first")
          } }\nworkflows: [{ id: w, phases: [p] }]`,
          "workflows/b.yml": `phases: { p: ${phase("third of ${WHO_IS}")} }`,
          "workflows/a.yaml": `phases: { p: ${phase("second")} }`,
          "workflows/notes.txt": "{ not yaml"
        })
        yield* Effect.gen(function*() {
          const workflows = yield* Workflows
          const found = yield* workflows.find(undefined)
          assert.deepStrictEqual(found.phases.map((one) => one.mode === "manual" && one.instructions), ["third of us"])
          assert.strictEqual((yield* workflows.find("w")).id, "w")
          const missing = yield* Effect.flip(workflows.find("x"))
          assert.strictEqual(missing.message, "no workflow is named \"x\" (defined: w)")
        }).pipe(Effect.provide([layer, env({ WHO_IS: "us" })]))
      }))

    it.effect("tells of every file at once, each by its path in the project", () =>
      Effect.gen(function*() {
        const { layer } = yield* project({
          "workflows.yaml": "phases: [",
          "workflows/a.yaml": `phases: { p: ${phase(UNSET)} }\nworkflows: {}`
        })
        const error = yield* Effect.flip(Workflows.use(({ compile }) => compile)).pipe(Effect.provide([layer, env({})]))
        assert.deepStrictEqual(error.problems.map(({ file, line }) => `${file}:${line}`), [
          ".animus/workflows.yaml:1",
          ".animus/workflows/a.yaml:1",
          ".animus/workflows/a.yaml:2"
        ])
        assert.include(error.message, "3 problems in the workflow files")
      }))

    it.effect("finds nothing where there is nothing, and says what to do", () =>
      Effect.gen(function*() {
        const { layer } = yield* project({})
        const error = yield* Effect.flip(Workflows.use(({ find }) => find(undefined))).pipe(Effect.provide(layer))
        assert.include(error.message, "animus init")
      }))

    it.effect("takes a system prompt from a file of the project, and from nowhere else", () =>
      Effect.gen(function*() {
        const agents = [
          "good: { tool: exec, system_prompt_file: .animus/good.md }",
          "out: { tool: exec, system_prompt_file: ../x }",
          "linked: { tool: exec, system_prompt_file: .animus/link.md }",
          "gone: { tool: exec, system_prompt_file: gone.md }",
          "both: { tool: exec, system_prompt_file: .animus/good.md, system_prompt: y }"
        ]
        const one = (agent: string) =>
          `agents: { ${agent} }\nphases: { p: { mode: agent, agent: ${
            agent.split(":")[0]
          } } }\nworkflows: [{ id: w, phases: [p] }]`
        const compiled = Effect.fnUntraced(function*(agent: string) {
          const { layer, projectDir } = yield* project({ "workflows.yaml": one(agent), "good.md": "Be brief.\n" })
          const fs = yield* FileSystem.FileSystem
          yield* fs.symlink("/etc/hostname", `${projectDir}/link.md`)
          const found = Workflows.use(({ find }) => find(undefined)).pipe(Effect.provide(layer))
          return yield* Effect.match(found, {
            onSuccess: ({ phases: [phase] }) => phase.mode === "agent" ? phase.system_prompt : undefined,
            onFailure: ({ message }) => message
          })
        })
        const [good, out, linked, gone, both] = yield* Effect.forEach(agents, compiled)
        assert.strictEqual(good, "Be brief.\n")
        assert.include(out, "without ..")
        assert.include(linked, "it leads out of the project")
        assert.include(gone, "system_prompt_file \"gone.md\" cannot be read")
        assert.include(both, "keep one of both")
      }))

    it.effect("refuses what is no file and what nobody wrote by hand", () =>
      Effect.gen(function*() {
        const { layer } = yield* project({
          "workflows/a.yaml/b": "",
          "workflows/z.yaml": "# ".padEnd(1024 * 1024 + 1, "x")
        })
        const error = yield* Effect.flip(Workflows.use(({ compile }) => compile)).pipe(Effect.provide(layer))
        assert.match(error.message, /a\.yaml:1:1: this file cannot be read/)
        assert.match(error.message, /z\.yaml:1:1: this file cannot be read: larger than 1048576 bytes/)
      }))

    it.effect("sees an edit at the next call", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { layer, projectDir } = yield* project({ "workflows.yaml": "" })
        yield* Effect.gen(function*() {
          const workflows = yield* Workflows
          assert.deepStrictEqual((yield* workflows.compile).workflows, [])
          yield* fs.writeFileString(
            `${projectDir}/workflows.yaml`,
            `phases: { p: ${phase("x")} }\nworkflows: [{ id: w, phases: [p] }]`
          )
          assert.strictEqual((yield* workflows.compile).defaultWorkflow, "w")
        }).pipe(Effect.provide(layer))
      }))
  })

  it.effect("has a double of fixed definitions", () =>
    Effect.gen(function*() {
      const workflows = yield* Workflows
      assert.strictEqual((yield* workflows.find(undefined)).id, "W")
      assert.strictEqual((yield* workflows.find("w")).id, "W")
      assert.deepStrictEqual(
        (yield* Effect.flip(workflows.find("v"))).message,
        "no workflow is named \"v\" (defined: W)"
      )
    }).pipe(Effect.provide(Workflows.layerOf([{
      id: "W",
      name: "W",
      variables: [],
      phases: [{
        id: "p",
        mode: "manual",
        idempotency: "unknown",
        max_rework_attempts: 3,
        skip_if: [],
        on_verdict: {},
        instructions: "x",
        approval_note_required: false
      }]
    }]))))
})

describe("resolveEnv", () => {
  it.effect("puts the values in, and names what is missing", () =>
    Effect.gen(function*() {
      const resolved = yield* resolveEnv({ A: "${API_TOKEN}!", B: "$$", C: "${NOPE:-c}" })
      assert.deepStrictEqual(resolved, { A: "s3cret!", B: "$", C: "c" })
      const error = yield* Effect.flip(resolveEnv({ A: "${GONE}" }))
      assert.include(error.message, "env A: environment variable GONE is not set")
    }).pipe(Effect.provide(env({ API_TOKEN: "s3cret" }))))
})
