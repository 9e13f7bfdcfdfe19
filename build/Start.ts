/**
 * What `bin/animus` starts, and a host as a plugin: loads the program's scripts, each with the code that V8 made of it when
 * the project was built.
 *
 * Node's own compile cache keeps only what is compiled while a module is loaded, so every start would compile the functions
 * it calls once more; that took a quarter of a short command. Code that this Node or this machine cannot use is passed over.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Vm from "node:vm"

/** The first script's name, which holds a hash of its content; so do all others, and a piece of code can never meet another source. */
declare const MAIN_SCRIPT: string

type Exports = Record<string, unknown>
type Factory = (exports: Exports, require: (id: string) => unknown, module: { exports: Exports }) => void

const codeOf = (file: string): string => `${file}.code`

/** Copies are made within this time of one another, in any order. */
const SLACK_MILLIS = 60_000

/** V8 tells a script from another by its length alone: one that was edited after its code was made runs as it reads. */
const codeFor = (file: string): { readonly cachedData?: Buffer } => {
  const code = Fs.statSync(codeOf(file), { throwIfNoEntry: false })
  if (code === undefined || Fs.statSync(file).mtimeMs > code.mtimeMs + SLACK_MILLIS) return {}
  return { cachedData: Fs.readFileSync(codeOf(file)) }
}

const loaded = new Map<string, { readonly exports: Exports }>()
const compiled = new Map<string, Vm.Script>()

const compile = (file: string): Vm.Script => {
  // Scripts are written in ASCII, so that neither Node nor V8 has anything to decode.
  const script = new Vm.Script(Fs.readFileSync(file, "latin1"), {
    ...codeFor(file),
    filename: file,
    importModuleDynamically: Vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  })
  if (script.cachedDataRejected !== false) compiled.set(file, script)
  return script
}

const load = (file: string): Exports => {
  const known = loaded.get(file)
  if (known !== undefined) return known.exports
  const module = { exports: {} }
  loaded.set(file, module)
  const folder = Path.dirname(file)
  const factory: Factory = compile(file).runInThisContext()
  factory(
    module.exports,
    (id) => id.startsWith(".") ? load(Path.join(folder, id)) : process.getBuiltinModule(id),
    module
  )
  return module.exports
}

// The build runs each program with this, once: what they called is what the next start need not compile.
if (process.env["ANIMUS_KEEP_CODE"] === "1") {
  process.once("exit", () => {
    for (const [file, script] of compiled) {
      const fresh = `${codeOf(file)}.${process.pid}`
      Fs.writeFileSync(fresh, script.createCachedData())
      Fs.renameSync(fresh, codeOf(file))
    }
  })
}

load(Path.join(__dirname, "scripts", MAIN_SCRIPT))
