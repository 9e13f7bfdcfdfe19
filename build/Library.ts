/** The modules and declarations behind the `exports` of package.json, as tsc makes them: a `.js` and a `.d.ts` of each source. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { root } from "./Bundle.ts"
import { changedAt, sourcesIn, youngestOf } from "./Sources.ts"

export const library = Path.join(root, "dist/lib")

const builtWith = ["tsconfig.json", "tsconfig.lib.json", "package-lock.json"]

/** A module of each source, and younger than all that it was built from. */
export const isCurrent = (): boolean => {
  const from = sourcesIn("{src,layers,schemas}")
  const youngest = youngestOf([...from, ...builtWith])
  return Fs.globSync("**/*.js", { cwd: library }).length === from.length &&
    from.every((file) => changedAt(`dist/lib/${file.replace(/ts$/, "js")}`) > youngest)
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
