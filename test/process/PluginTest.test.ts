/** `animus plugin test` as it was built: what is right passes, and of what is wrong exactly the right cases say so. */
import { Schema } from "effect"
import { execFile, execFileSync } from "node:child_process"
import {
  chmodSync,
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
import { dirname, join } from "node:path"
import { rolldown } from "rolldown"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { scaffold, type ScaffoldLanguage, scaffoldLanguages } from "../../src/cli/scaffold/Scaffold.ts"
import { defaultName, type ScaffoldKind, scaffoldKinds } from "../../src/cli/scaffold/ScaffoldKinds.ts"
import { Report } from "../../src/conformance/Report.ts"
import { faulty, programOf } from "../conformance/pluginFaults.ts"

const root = join(import.meta.dirname, "..", "..")
const folder = mkdtempSync(join(tmpdir(), "animus-plugin-test-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Itself: what a version manager puts in its place may take longer to start than a plugin. */
const python = execFileSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).trim()

const environment = {
  PATH: [dirname(process.execPath), dirname(python), process.env["PATH"]].join(":"),
  HOME: folder,
  ANIMUS_CONFIG_DIR: join(folder, "config")
}

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
  const { cases, plugin, summary } = decode(JSON.parse(stdout).data)
  return { status, plugin, summary, cases, failed: cases.filter(({ status }) => status === "fail") }
}

const passes = async (path: string, ...args: ReadonlyArray<string>) => {
  const { failed, status, summary } = await examined(path, "--timeout-ms", "30000", ...args)
  assert.deepStrictEqual(failed, [])
  assert.strictEqual(status, 0)
  assert.isAbove(summary.passed, args.length === 0 ? 30 : 1)
}

/** Enough where the rest is the same code for every kind of a language, and one kind of it is examined whole. */
const own = ["lifecycle.handshake", "lifecycle.identity", "manifest.name", "methods"]
/** Besides: what a project, a crash and the end are to this kind, what is its kind's alone, and its tools. */
const ownInJs = [...own, "binding", "lifecycle.crash", "end", "subject", "tool"]
/** Whoever speaks unasked is heard in everything it is asked. */
const speaking: ReadonlyArray<ScaffoldKind> = ["provider", "trigger_backend"]

const only = (cases: ReadonlyArray<string>) => cases.flatMap((one) => ["--only", one])

/** Whatever works in a folder of one of these tests was started by it. */
const processesIn = (place: string): ReadonlyArray<string> =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").includes(`HOME=${place}\0`)
    } catch {
      // It has ended, or is somebody else's.
      return false
    }
  })

const place = (kind: ScaffoldKind, lang: string) => join(folder, `${lang}-${kind}`)
const bundled = (name: string) => join(folder, "bundled", `${name}.js`)
const EXAMPLE = "worked-example"

/** As an author would before installing them: a plugin that has to find its packages first starts slowly. */
const bundle = async () => {
  const mains = scaffoldKinds.map((kind) => [kind, join(place(kind, "ts"), "main.ts")])
  const built = await rolldown({
    input: Object.fromEntries([...mains, [EXAMPLE, join(root, "examples/plugin/main.ts")]]),
    platform: "node",
    logLevel: "warn",
    resolve: {
      alias: { "animus/sdk": join(root, "src/sdk/Sdk.ts"), "animus/schemas": join(root, "schemas") },
      extensions: [".ts", ".js"]
    }
  })
  await built.write({ dir: dirname(bundled("")), format: "esm" })
  writeFileSync(join(dirname(bundled("")), "package.json"), JSON.stringify({ type: "module" }))
  for (const kind of scaffoldKinds) chmodSync(bundled(kind), 0o755)
}

const write = (kind: ScaffoldKind, lang: ScaffoldLanguage) => {
  for (const { executable, name, text } of scaffold(kind, defaultName(kind), lang, root)) {
    mkdirSync(place(kind, lang), { recursive: true })
    writeFileSync(join(place(kind, lang), name), text, { mode: executable ? 0o755 : 0o644 })
  }
}

beforeAll(async () => {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
  for (const lang of scaffoldLanguages) for (const kind of scaffoldKinds) write(kind, lang)
  await bundle()
}, 300_000)

describe("the reference plugins pass", { concurrent: true, timeout: 600_000 }, () => {
  for (const name of readdirSync(join(root, "plugins"))) {
    it(name, () => passes(join(root, "dist", "plugins", `${name}.mjs`)))
  }
  it("the worked example", () => passes(bundled(EXAMPLE)))
})

describe("what plugin new writes", () => {
  it.each(scaffoldLanguages)("is what the templates in %s say, for every kind", { timeout: 180_000 }, async (lang) => {
    const files = (dir: string) =>
      readdirSync(dir).toSorted().map((
        name
      ) => [name, readFileSync(join(dir, name), "utf8"), statSync(join(dir, name)).mode])
    const kinds = lang === "js" ? scaffoldKinds : scaffoldKinds.slice(0, 1)
    await Promise.all(kinds.map(async (kind) => {
      const dir = join(folder, "written", lang, kind)
      const { status, stderr } = await animus("plugin", "new", "--kind", kind, "--lang", lang, "--dir", dir)
      assert.strictEqual(status, 0, stderr)
      assert.deepStrictEqual(files(dir), files(place(kind, lang)))
    }))
  })

  describe("passes", { concurrent: true, timeout: 600_000 }, () => {
    for (const kind of scaffoldKinds) {
      it(`${kind} in js`, () => passes(place(kind, "js"), ...speaking.includes(kind) ? [] : only(ownInJs)))
      it(`${kind} in python`, () => passes(place(kind, "python"), ...kind === "provider" ? [] : only(own)))
      it(`${kind} in ts`, () => passes(bundled(kind), ...kind === "provider" ? [] : only(own)))
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
    execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], { stdio: "inherit" })
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

describe("a plugin that", { concurrent: true }, () => {
  for (const group of faulty) {
    const name = group.faults.map((fault) => fault.name).join(", ")
    it(name, async () => {
      const home = mkdtempSync(join(folder, "faulty-"))
      const program = join(home, "faulty.mjs")
      writeFileSync(program, programOf(group), { mode: 0o755 })
      const { failed, status } = await examined(program, "--timeout-ms", String(group.patience))
      const expected = group.faults.flatMap(({ fails }) => fails)
      assert.deepStrictEqual(failed.map(({ id }) => id).toSorted(), expected.toSorted(), JSON.stringify(failed))
      assert.strictEqual(status, 1)
      for (const { fails: [first], says = "" } of group.faults) {
        const failure = failed.find(({ id }) => id === first)?.failure
        assert.include(failure?.got, says)
        assert.notStrictEqual(failure?.protocol_says, "")
      }
    }, 600_000)
  }
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
