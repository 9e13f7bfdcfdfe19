/**
 * The judge as a program of its own, in the project's folder: a line each violation; nothing when all is well. At the end it
 * also looks for what never ended, and for processes that were left.
 *
 * node test/kill/check.ts SCOPE_FOLDER ACKNOWLEDGED LAUNCHED [--final]
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { unfinishedIn, violationsIn } from "./Judge.ts"

const [scope = "", acknowledged = "", launched = "", final] = process.argv.slice(2)

const orphans = (): ReadonlyArray<string> => {
  const project = process.cwd()
  const others = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  return others.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
      return readlinkSync(`/proc/${pid}/cwd`) === project ? [`orphan ${pid}: ${command}`] : []
    } catch {
      // It has ended meanwhile, or is not ours to look at.
      return []
    }
  })
}

const atTheEnd = final === "--final" ? [...unfinishedIn(scope), ...orphans()] : []
for (const violation of [...violationsIn({ scope, acknowledged, launched }), ...atTheEnd]) {
  process.stdout.write(`${violation}\n`)
}
