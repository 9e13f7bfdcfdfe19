/**
 * What is right passes `animus plugin test`: the reference plugins as they were built, and of every template what is its own.
 * `npm run test:faults` asks every template everything. That what is wrong fails is in PluginFaults.
 */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { execFile, execFileSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { scaffold, type ScaffoldLanguage, scaffoldLanguages } from "../../src/cli/scaffold/Scaffold.ts"
import { defaultName, type ScaffoldKind, scaffoldKinds } from "../../src/cli/scaffold/ScaffoldKinds.ts"
import { Report } from "../../src/conformance/Report.ts"
import { environmentIn, isWhole, passes, processesIn } from "../conformance/examined.ts"
import { faulty, programOf } from "../conformance/pluginFaults.ts"

const root = join(import.meta.dirname, "..", "..")
const folder = mkdtempSync(join(tmpdir(), "animus-plugin-test-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const environment = environmentIn(folder)

const animus = (...args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(
      join(root, "bin", "animus"),
      [...args],
      { cwd: folder, env: environment, timeout: 600_000 },
      (_, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr })
    )
  })

const decode = Schema.decodeUnknownSync(Report)

const examined = async (path: string, ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = await animus("plugin", "test", path, "--json", ...args)
  assert.notStrictEqual(stdout, "", stderr)
  const { cases, summary } = decode(JSON.parse(stdout).data)
  return { status, summary, failed: cases.filter(({ status }) => status === "fail") }
}

/** The protocol is the same code for every kind of a language, and one kind of it is examined whole. */
const own = ["lifecycle.handshake", "lifecycle.identity", "manifest.name", "methods", "subject"]
/** Besides: what a project, a crash and the end are to this kind, and its tools. */
const ownInJs = [...own, "binding", "lifecycle.crash", "end", "tool"]
const ownInTs = [...own, "cancel"]
/** Whoever speaks unasked is heard in everything it is asked. */
const speaking: ReadonlyArray<ScaffoldKind> = ["provider", "trigger_backend"]
const asked = (program: string, only: ReadonlyArray<string> | undefined) =>
  passes(program, { env: environment, timeout: 30_000, only: isWhole ? undefined : only })

const place = (kind: ScaffoldKind, lang: string) => join(folder, `${lang}-${kind}`)
const bundled = (name: string) => join(folder, "bundled", `${name}.mjs`)
const EXAMPLE = "worked-example"

/** As an author would before installing them: a plugin that has to find its packages first starts slowly. */
const bundle = () => {
  const mains = scaffoldKinds.map((kind) => [kind, join(place(kind, "ts"), "main.ts")])
  const inputs = Object.fromEntries([...mains, [EXAMPLE, join(root, "examples/plugin/main.ts")]])
  // Not here: what a bundler leaves in memory would be copied with every process that is started.
  execFileSync(process.execPath, [join(root, "test/process/fixtures/bundlePlugins.ts"), folder, JSON.stringify(inputs)])
}

const write = (kind: ScaffoldKind, lang: ScaffoldLanguage) => {
  for (const { executable, name, text } of scaffold(kind, defaultName(kind), lang, root)) {
    mkdirSync(place(kind, lang), { recursive: true })
    writeFileSync(join(place(kind, lang), name), text, { mode: executable ? 0o755 : 0o644 })
  }
}

beforeAll(() => {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  for (const lang of scaffoldLanguages) for (const kind of scaffoldKinds) write(kind, lang)
  bundle()
}, 300_000)

describe("the reference plugins pass", { concurrent: true, timeout: 600_000 }, () => {
  for (const name of readdirSync(join(root, "plugins"))) {
    it(name, async () => {
      const { failed, status, summary } = await examined(
        join(root, "dist", "plugins", name, `${name}.cjs`),
        "--timeout-ms",
        "30000"
      )
      assert.deepStrictEqual([failed, status], [[], 0])
      assert.isAbove(summary.passed, 30)
    })
  }
  it("the worked example", async () => {
    const { failed, status, summary } = await examined(bundled(EXAMPLE), "--timeout-ms", "30000")
    assert.deepStrictEqual([failed, status], [[], 0])
    assert.isAbove(summary.passed, 30)
  })
})

describe("what plugin new writes", () => {
  const files = (dir: string) =>
    readdirSync(dir).toSorted().map((
      name
    ) => [name, readFileSync(join(dir, name), "utf8"), statSync(join(dir, name)).mode])

  it.each(scaffoldLanguages)("is what the templates in %s say", { timeout: 180_000 }, async (lang) => {
    const kinds = lang === "js" ? scaffoldKinds : scaffoldKinds.slice(0, 1)
    await Promise.all(kinds.map(async (kind) => {
      const dir = join(folder, "written", lang, kind)
      const { status, stderr } = await animus("plugin", "new", "--kind", kind, "--lang", lang, "--dir", dir)
      assert.strictEqual(status, 0, stderr)
      assert.deepStrictEqual(files(dir), files(place(kind, lang)))
    }))
  })

  it("is of any kind there is a template for", async () => {
    const { status, stderr } = await animus("plugin", "new", "--kind", "kettle")
    assert.strictEqual(status, 2)
    for (const kind of scaffoldKinds) assert.include(stderr, `"${kind}"`)
  })

  it.each(["js", "python"])("is a folder in %s that can be examined", async (lang) => {
    const { failed, status, summary } = await examined(place("notifier", lang), "--only", "manifest.name")
    assert.deepStrictEqual([failed, status, summary.passed], [[], 0, 3])
  })

  describe("passes", { timeout: 600_000 }, () => {
    for (const kind of scaffoldKinds) {
      it.live(
        `${kind} in js`,
        () => asked(join(place(kind, "js"), "main.mjs"), speaking.includes(kind) ? undefined : ownInJs)
      )
      it.live(
        `${kind} in python`,
        () => asked(join(place(kind, "python"), "main.py"), kind === "provider" ? undefined : own)
      )
      it.live(`${kind} in ts`, () => asked(bundled(kind), kind === "provider" ? undefined : ownInTs))
    }
  })

  it("is typed against the SDK", () => {
    const paths = { "animus/sdk": [join(root, "src/sdk/Sdk.ts")], "animus/schemas/*": [join(root, "schemas/*.ts")] }
    const options = {
      noEmit: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      plugins: [],
      paths
    }
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.json"),
        compilerOptions: { ...options, rootDir: "/" },
        include: ["ts-*/main.ts"]
      })
    )
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder, "--checkers", "1"], {
      stdio: "inherit"
    })
  }, 300_000)

  it("is not written over anything", async () => {
    const { status, stderr } = await animus("plugin", "new", "--kind", "queue", "--dir", place("queue", "js"))
    assert.strictEqual(status, 2)
    assert.include(stderr, "is not empty")
  })

  it("has a name in kebab-case", async () => {
    const { status } = await animus("plugin", "new", "--kind", "queue", "--name", "My Queue")
    assert.strictEqual(status, 2)
  })
})

it("tells a person what was sent, what came and what the protocol says", async () => {
  const [one] = faulty.filter(({ faults }) => faults.some(({ name }) => name === "answers shutdown with null"))
  const program = join(folder, "told.mjs")
  writeFileSync(program, one === undefined ? "" : programOf(one), { mode: 0o755 })
  const { status, stderr, stdout } = await animus("plugin", "test", program, "--only", "lifecycle.shutdown")
  assert.strictEqual(status, 1)
  assert.match(stdout, /^fail +lifecycle\.shutdown +shutdown is answered \{\}/m)
  assert.match(stdout, /sent +\{"jsonrpc":"2\.0","id":2,"method":"shutdown"\}/)
  assert.match(stdout, /got +\{"jsonrpc":"2\.0","id":2,"result":null\} instead of the result \{\}/)
  assert.match(stdout, /the protocol +`shutdown` is answered \{\} within 2 s \(§2\)/)
  assert.match(stdout, /1 failed/)
  assert.include(stderr, "fails 1 of its cases: lifecycle.shutdown")
})

it("tells a program which case failed", async () => {
  const { failed, status } = await examined(join(folder, "told.mjs"), "--only", "lifecycle.shutdown")
  assert.deepStrictEqual([status, failed.map(({ id }) => id)], [1, ["lifecycle.shutdown"]])
})

describe("a path that is no plugin", () => {
  it.each(["nowhere", "."])("%s is refused with exit code 2", async (path) => {
    const { status, stderr, stdout } = await animus("plugin", "test", path)
    assert.deepStrictEqual([status, stdout], [2, ""])
    assert.match(stderr, /^animus: .+/)
  })
})

it("leaves no process behind", () => {
  assert.deepStrictEqual(processesIn(folder), [])
})
