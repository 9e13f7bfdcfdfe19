/**
 * A mark that a process keeps when it clears its environment, leaves its session and is orphaned: its soft limit on file
 * locks, which the kernel has ignored since Linux 2.4, inherits at every fork and exec, and shows in `/proc/<pid>/limits`.
 * `prlimit` of util-linux sets it and becomes the program; where there is none, the other traces have to do.
 */
import { randomInt } from "node:crypto"
import { accessSync, closeSync, constants, openSync, readFileSync, readSync, statSync } from "node:fs"
import { delimiter, join, resolve } from "node:path"
import type { PluginCommand } from "../src/plugin/PluginProcess.ts"

const PLACES = ["/usr/bin/prlimit", "/bin/prlimit"]
/** Far above any limit that somebody sets for its own sake, and exact as a number. */
const LOWEST = 2 ** 45

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const LIMITS = /^Max file locks\s+(\S+)\s+(\S+)/m

/** Of this process, and so of what it starts: soft, then hard. */
const ownLimits = (): ReadonlyArray<string> => {
  try {
    return LIMITS.exec(readFileSync("/proc/self/limits", "latin1"))?.slice(1) ?? []
  } catch {
    return []
  }
}

/** Where somebody took the right to raise it, a mark could not be set, nor taken off again. */
const findSetter = (): string | undefined => ownLimits()[1] === "unlimited" ? PLACES.find(isProgram) : undefined

let setter: { readonly path: string | undefined } | undefined
const prlimit = (): string | undefined => (setter ??= { path: findSetter() }).path

/** As much as the kernel reads to find out how to run a file. */
const headOf = (path: string): string => {
  const head = Buffer.alloc(256)
  const file = openSync(path, "r")
  try {
    return head.toString("latin1", 0, readSync(file, head, 0, head.length, 0))
  } finally {
    closeSync(file)
  }
}

/** An ELF file, or a script whose interpreter is there. What nobody may read, the kernel may still run. */
const isExecutable = (path: string): boolean => {
  try {
    const head = headOf(path)
    const interpreter = /^#!\s*(\S+)/.exec(head)?.[1]
    return interpreter === undefined ? head.startsWith("\u007fELF") : isProgram(interpreter)
  } catch {
    return true
  }
}

/** Where the system would find it; what it could not run is better started as it is, and fails by its own name. */
const isStartable = ({ cwd, env, path }: PluginCommand): boolean => {
  const file = path.includes("/")
    ? resolve(cwd, path)
    : (env["PATH"] ?? "").split(delimiter).map((folder) => join(resolve(cwd, folder), path)).find(isProgram)
  return file !== undefined && isProgram(file) && isExecutable(file)
}

/** The same command, under a limit that no other process has. */
export const limited = (
  command: PluginCommand
): { readonly path: string; readonly args: ReadonlyArray<string>; readonly limit: number | undefined } => {
  const { args, path } = command
  const through = prlimit()
  if (through === undefined || !isStartable(command)) return { path, args, limit: undefined }
  const limit = LOWEST + randomInt(2 ** 47)
  return { path: through, args: [`--locks=${limit}:`, "--", path, ...args], limit }
}

/** What has to run so that the program is nobody's heir. */
export const unlimited = (path: string, args: ReadonlyArray<string>): readonly [string, ReadonlyArray<string>] => {
  const through = prlimit()
  return through === undefined || !(Number(ownLimits()[0]) >= LOWEST)
    ? [path, args]
    : [through, ["--locks=unlimited:", "--", path, ...args]]
}
