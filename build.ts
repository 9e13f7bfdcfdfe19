/**
 * Builds what is run and what is imported, into `dist/`:
 *
 * - `bundle`: the programs of `bin/` and one self-contained file per reference plugin (rolldown, about a second)
 * - `lib`: the modules and declarations behind the `exports` of package.json (tsc)
 *
 * `node build.ts` does both. Files are replaced by rename and only when they differ, so a build never pulls the floor
 * from under a program that runs from `dist/`.
 */
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as rolldown from "rolldown"

const root = import.meta.dirname
const dist = Path.join(root, "dist")

/**
 * Loads the program through Node's compile cache, which must be on before the first module is compiled. An environment
 * variable would do the same, but every child would inherit it. Node can hang on a folder whose parents cannot be made.
 */
const entry = `import * as Fs from "node:fs"
import * as Module from "node:module"
const { HOME, NODE_COMPILE_CACHE, XDG_CACHE_HOME } = process.env
const [home, folder] = XDG_CACHE_HOME ? [XDG_CACHE_HOME, "/animus"] : [HOME, "/.cache/animus"]
if (!NODE_COMPILE_CACHE && home && Fs.existsSync(home)) Module.enableCompileCache(home + folder)
await import("./main.js")
`

/** What cannot be reached is left out, which is most of a start; names and lines stay, so that a stack trace can be read. */
const shared = {
  cwd: root,
  logLevel: "warn",
  platform: "node",
  write: false
} satisfies rolldown.BuildOptions
const output = {
  format: "esm",
  comments: false,
  minify: { codegen: false, compress: true, mangle: false }
} satisfies rolldown.OutputOptions

const bundlePrograms = () =>
  rolldown.build({
    ...shared,
    input: Fs.globSync("bin/*.ts", { cwd: root }),
    output: {
      ...output,
      chunkFileNames: "chunks/[name]-[hash].js",
      // Every file costs a start about as much as 30 kB of code: what several commands need comes in one.
      codeSplitting: { groups: [{ name: "shared", minShareCount: 4 }] }
    },
    transform: {
      inject: { "Intl.Segmenter": [Path.join(root, "build/LazySegmenter.ts"), "LazySegmenter"] },
      target: "node24"
    }
  })

/** A plugin runs on whatever `node` its host puts on the PATH, so it asks for less than the daemon does. */
const bundlePlugin = (name: string) =>
  rolldown.build({
    ...shared,
    input: { [name]: `plugins/${name}/main.ts` },
    output: {
      ...output,
      banner: "#!/usr/bin/env node",
      codeSplitting: false,
      entryFileNames: "plugins/[name].mjs"
    },
    // The SDK serves every kind: what this plugin does not use must not cost it a start.
    treeshake: { moduleSideEffects: false },
    transform: { target: "node20" }
  })

const replace = (file: string, content: string, mode: number) => {
  if (Fs.existsSync(file) && Fs.readFileSync(file, "utf8") === content) return
  Fs.mkdirSync(Path.dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}`
  Fs.writeFileSync(fresh, content)
  Fs.chmodSync(fresh, mode)
  Fs.renameSync(fresh, file)
}

const bundle = async () => {
  const plugins = Fs.globSync("plugins/*/main.ts", { cwd: root }).map((main) => Path.basename(Path.dirname(main)))
  const results = await Promise.all([bundlePrograms(), ...plugins.map(bundlePlugin)])
  const files = new Map<string, string>()
  for (const { output } of results.flat()) {
    for (const part of output) if (part.type === "chunk") files.set(Path.join(dist, part.fileName), part.code)
  }
  files.set(Path.join(dist, "animus.js"), entry)
  for (const [path, code] of files) replace(path, code, path.endsWith(".mjs") ? 0o755 : 0o644)

  const written = Fs.globSync("{chunks,plugins}/*", { cwd: dist }).map((file) => Path.join(dist, file))
  for (const file of written) if (!files.has(file)) Fs.rmSync(file)
}

const lib = () => {
  Fs.rmSync(Path.join(dist, "lib"), { recursive: true, force: true })
  const tsc = Path.join(root, "node_modules/typescript/bin/tsc")
  execFileSync(process.execPath, [tsc, "-p", Path.join(root, "tsconfig.lib.json")], { stdio: "inherit" })
}

const targets = new Map<string, () => void | Promise<void>>([["bundle", bundle], ["lib", lib]])
for (const name of process.argv.length > 2 ? process.argv.slice(2) : targets.keys()) {
  const target = targets.get(name)
  if (target === undefined) throw new Error(`no target "${name}": use ${[...targets.keys()].join(", ")}`)
  await target()
}
