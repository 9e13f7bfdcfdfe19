/** Whether what was built is younger than all that it was built from: nothing is built twice. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { root } from "./Bundle.ts"

/** Zero where there is none. */
export const changedAt = (file: string): number =>
  Fs.statSync(Path.join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0

export const youngestOf = (files: ReadonlyArray<string>): number => Math.max(...files.map(changedAt))

export const sourcesIn = (folders: string): ReadonlyArray<string> => Fs.globSync(`${folders}/**/*.ts`, { cwd: root })
