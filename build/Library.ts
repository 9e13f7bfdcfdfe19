/** The modules and declarations behind the `exports` of package.json, as tsc makes them: a `.js` and a `.d.ts` of each source. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { root } from "./Bundle.ts"

export const library = Path.join(root, "dist/lib")

const sources = () => Fs.globSync("{src,layers,schemas}/**/*.ts", { cwd: root })
const builtWith = ["tsconfig.json", "tsconfig.lib.json", "package-lock.json"]

const age = (file: string): number => Fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** A module of each source, and younger than all that it was built from. */
export const isCurrent = (): boolean => {
  const from = sources()
  const youngest = Math.max(...[...from, ...builtWith].map((file) => age(Path.join(root, file))))
  return Fs.globSync("**/*.js", { cwd: library }).length === from.length &&
    from.every((file) => age(Path.join(library, file.replace(/ts$/, "js"))) > youngest)
}

export const compile = async (into = library): Promise<void> => {
  Fs.rmSync(into, { recursive: true, force: true })
  const tsc = Path.join(root, "node_modules/typescript/bin/tsc")
  const project = Path.join(root, "tsconfig.lib.json")
  // Each checker checks anew what the files share, most of it the types of Effect: two take as long as one, and half as much more.
  const args = [tsc, "-p", project, "--outDir", into, "--checkers", "1"]
  const [code] = await once(spawn(process.execPath, args, { stdio: "inherit" }), "exit")
  if (code !== 0) throw new Error(`tsc ended with ${code}`)
}
