/** The programs of `bin/` and the reference plugins, as rolldown makes them. */
import * as Path from "node:path"
import * as rolldown from "rolldown"
import { CAPTURING, withoutAsyncContext } from "./WithoutAsyncContext.ts"

export const root = Path.dirname(import.meta.dirname)

const plainFibers: rolldown.Plugin = {
  name: "plain-fibers",
  transform: { filter: { id: CAPTURING }, handler: withoutAsyncContext }
}

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
const scripts = { ...output, format: "cjs" } satisfies rolldown.OutputOptions

/** Effect looks for the settings of a bundler there. */
const ofBundler = { define: { "import.meta": "{}" } }

/** What Node takes long to load, or loads much with (`tls` parses every root certificate), and few commands call. */
const seldom = ["node:child_process", "node:crypto", "node:readline", "node:sqlite", "node:tls"]

/**
 * Gives a program those modules when it calls them, as Node can since 20.16: a bundle looks at no more than the prototype of a
 * module before.
 */
const lazyBuiltins: rolldown.Plugin = {
  name: "lazy-builtins",
  resolveId: (id) => seldom.includes(id) ? `\0${id}` : undefined,
  load: (id) =>
    id.startsWith("\0node:")
      ? `const get = (_, name) => process.getBuiltinModule("${id.slice(1)}")[name]
         module.exports = Object.create(new Proxy({}, { get }))`
      : undefined
}

/** What the launcher says when there is no Node at all, in words that an old one can read. */
const onlyRecentNode = `if (parseInt(process.versions.node) < 24) {
  process.stderr.write("animus: needs Node 24 or newer, found " + process.versions.node + "; run: npm --prefix '" +
    require("path").dirname(__dirname) + "' ci, or install it from https://nodejs.org\\n")
  process.exit(1)
}`

const scriptNames = "scripts/[name]-[hash].cjs"

/** What starts a program of such scripts: `main` is the first of them, named by its content as all are. */
const start = (name: string, main: rolldown.OutputChunk, { banner, target }: { banner: string; target: string }) =>
  rolldown.build({
    ...shared,
    input: Path.join(root, "build/Start.ts"),
    output: { ...scripts, banner, entryFileNames: `${name}.cjs` },
    transform: { define: { MAIN_SCRIPT: JSON.stringify(Path.basename(main.fileName)) }, target }
  })

/** The `animus` program. */
export const animus = async () => {
  const { output: chunks } = await rolldown.build({
    ...shared,
    input: Path.join(root, "bin/main.ts"),
    plugins: [plainFibers, lazyBuiltins],
    output: {
      ...scripts,
      entryFileNames: scriptNames,
      chunkFileNames: scriptNames,
      // Every file costs a start about as much as 30 kB of code: what several commands need comes in one.
      codeSplitting: { groups: [{ name: "shared", minShareCount: 4 }] }
    },
    transform: {
      ...ofBundler,
      inject: { "Intl.Segmenter": [Path.join(root, "build/LazySegmenter.ts"), "LazySegmenter"] },
      target: "node24"
    }
  })
  const { output: program } = await start("animus", chunks[0], { banner: onlyRecentNode, target: "node24" })
  return [...program, ...chunks]
}

export const demoAgent = async () => {
  const { output: chunks } = await rolldown.build({
    ...shared,
    input: Path.join(root, "bin/demo-agent.ts"),
    output: { ...output, entryFileNames: "[name].mjs" },
    transform: { target: "node24" }
  })
  return chunks
}

/**
 * A plugin is a folder, so that its compiled code lies beside it and is covered by its hash. It runs on whatever `node` its
 * host puts on the PATH, so it asks for less than the daemon does.
 */
export const plugin = async (name: string) => {
  const target = "node20"
  const { output: [main] } = await rolldown.build({
    ...shared,
    input: { [name]: `plugins/${name}/main.ts` },
    output: { ...scripts, codeSplitting: false, entryFileNames: scriptNames },
    plugins: [plainFibers, lazyBuiltins],
    // The SDK serves every kind: what this plugin does not use must not cost it a start.
    treeshake: { moduleSideEffects: false },
    transform: { ...ofBundler, target }
  })
  const { output: [program] } = await start(name, main, { banner: "#!/usr/bin/env node", target })
  const manifest = { fileName: "animus-plugin.json", code: `${JSON.stringify({ entry: `${name}.cjs` })}\n` }
  return [manifest, program, main].map(({ code, fileName }) => ({
    code,
    fileName: `plugins/${name}/${fileName}`
  }))
}
