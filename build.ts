/**
 * Builds what is run and what is imported, into `dist/`:
 *
 * - `bundle`: the programs of `bin/` and one self-contained file per reference plugin (esbuild, under a second)
 * - `lib`: the modules and declarations behind the `exports` of package.json (tsc)
 *
 * `node build.ts` does both. Files are replaced by rename and only when they differ, so a build never pulls the floor
 * from under a program that runs from `dist/`.
 */
import * as esbuild from "esbuild"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"

const root = import.meta.dirname
const dist = Path.join(root, "dist")

/** Dependencies written as CommonJS ask for Node's modules through `require`, which an ES module lacks. */
const requireBanner = `import { createRequire as __createRequire } from "node:module"
const require = __createRequire(import.meta.url)`

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

const shared = {
  absWorkingDir: root,
  bundle: true,
  charset: "utf8",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
  platform: "node",
  write: false
} satisfies esbuild.BuildOptions

const bundlePrograms = () =>
  esbuild.build({
    ...shared,
    banner: { js: requireBanner },
    chunkNames: "chunks/[name]-[hash]",
    entryPoints: Fs.globSync("bin/*.ts", { cwd: root }),
    outdir: dist,
    splitting: true,
    target: "node24"
  })

/** A plugin runs on whatever `node` its host puts on the PATH, so it asks for less than the daemon does. */
const bundlePlugin = (name: string) =>
  esbuild.build({
    ...shared,
    banner: { js: `#!/usr/bin/env node\n${requireBanner}` },
    entryPoints: [`plugins/${name}/main.ts`],
    outfile: Path.join(dist, "plugins", `${name}.mjs`),
    target: "node20"
  })

const replace = (file: string, content: Uint8Array, mode: number) => {
  if (Fs.existsSync(file) && Fs.readFileSync(file).equals(content)) return
  Fs.mkdirSync(Path.dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}`
  Fs.writeFileSync(fresh, content)
  Fs.chmodSync(fresh, mode)
  Fs.renameSync(fresh, file)
}

const bundle = async () => {
  const plugins = Fs.globSync("plugins/*/main.ts", { cwd: root }).map((main) => Path.basename(Path.dirname(main)))
  const results = await Promise.all([bundlePrograms(), ...plugins.map(bundlePlugin)])
  const outputs = results.flatMap((result) => result.outputFiles)
  for (const { contents, path } of outputs) replace(path, contents, path.endsWith(".mjs") ? 0o755 : 0o644)
  replace(Path.join(dist, "animus.js"), Buffer.from(entry), 0o644)

  const current = new Set(outputs.map((output) => output.path))
  const written = Fs.globSync("{chunks,plugins}/*", { cwd: dist }).map((file) => Path.join(dist, file))
  for (const file of written) if (!current.has(file)) Fs.rmSync(file)
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
