/**
 * Builds what is run and what is imported, into `dist/`:
 *
 * - `bundle`: the programs of `bin/` and one self-contained folder per reference plugin (rolldown, about a second), and the
 *   compiled code that lets each of them start quickly (two more)
 * - `lib`: the modules and declarations behind the `exports` of package.json (tsc)
 *
 * `node build.ts` does both, and neither where a build is younger than its sources. Files are replaced by rename and only when
 * they differ, so a build never pulls the floor from under a program that runs from `dist/`.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import * as Bundle from "./build/Bundle.ts"
import { keepCode, keepCodeOfPlugin } from "./build/KeepCode.ts"
import * as Library from "./build/Library.ts"
import { changedAt, sourcesIn, youngestOf } from "./build/Sources.ts"

const { root } = Bundle
const dist = Path.join(root, "dist")

/** The escape means the same wherever a script may hold such a character, and what is ASCII need not be decoded. */
const inAscii = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)

/** A script is the function that it is loaded as: making one of its text at every start would copy all of it. */
const contentOf = ({ code, fileName }: { readonly code: string; readonly fileName: string }): string =>
  Path.basename(Path.dirname(fileName)) === "scripts" ? `(function (exports, require, module) {${code}\n})` : code

const replace = (file: string, content: string) => {
  if (Fs.existsSync(file) && Fs.readFileSync(file, "utf8") === content) return
  Fs.mkdirSync(Path.dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}`
  Fs.writeFileSync(fresh, content)
  Fs.chmodSync(fresh, content.startsWith("#!") ? 0o755 : 0o644)
  Fs.renameSync(fresh, file)
}

/** Written last: the names of what was made, and by its age whether that is still what the sources say. */
const MADE = "dist/made.json"

const isCurrent = (): boolean => {
  const from = [...sourcesIn("{bin,build,layers,plugins,schemas,src}"), "build.ts", "package.json", "package-lock.json"]
  if (changedAt(MADE) <= youngestOf(from)) return false
  const made: ReadonlyArray<string> = JSON.parse(Fs.readFileSync(Path.join(root, MADE), "utf8"))
  return made.every((file) => Fs.existsSync(Path.join(dist, file)))
}

const bundle = async () => {
  if (isCurrent()) return
  const plugins = Fs.globSync("plugins/*/main.ts", { cwd: root }).map((main) => Path.basename(Path.dirname(main)))
  const results = await Promise.all([Bundle.animus(), Bundle.demoAgent(), ...plugins.map(Bundle.plugin)])
  const files = new Map<string, string>()
  for (const part of results.flat()) {
    if ("code" in part) files.set(Path.join(dist, part.fileName), inAscii(contentOf(part)))
  }
  for (const [path, code] of files) replace(path, code)

  const written = Fs.globSync("{plugins,scripts}/**/*.{cjs,code,json,mjs}", { cwd: dist }).map((file) =>
    Path.join(dist, file)
  )
  for (const file of written) if (!files.has(file.replace(/\.code$/, ""))) Fs.rmSync(file)
  keepCode(Path.join(dist, "animus.cjs"))
  await Promise.all(plugins.map((name) => keepCodeOfPlugin(Path.join(dist, "plugins", name, `${name}.cjs`))))
  Fs.writeFileSync(Path.join(root, MADE), JSON.stringify([...files.keys()].map((file) => Path.relative(dist, file))))
}

const lib = async () => {
  if (!Library.isCurrent()) await Library.compile()
}

/** The compiler is a process of its own, which works while the programs are made and run. */
const targets = new Map<string, () => Promise<void>>([["lib", lib], ["bundle", bundle]])
const asked = process.argv.length > 2 ? process.argv.slice(2) : [...targets.keys()]
await Promise.all(asked.map((name) => {
  const target = targets.get(name)
  if (target === undefined) throw new Error(`no target "${name}": use ${[...targets.keys()].join(", ")}`)
  return target()
}))
