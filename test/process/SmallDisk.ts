/**
 * A state folder whose disk can be filled and freed: a real one of 8 MiB in a mount namespace of its own, which needs no
 * privilege, or, where the kernel refuses that, the seam of the store's own file operations in a real daemon.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export interface SmallDisk {
  /** What is put before a command line so that it sees the disk; it is executed in `folder`. */
  readonly within: (folder: string) => ReadonlyArray<string>
  /** Where this process finds a file of the disk. */
  readonly seen: (file: string) => string
  /** Starts the daemon of the project in `folder`, in a way that fits the disk. */
  readonly start: (folder: string, launcher: string, env: NodeJS.ProcessEnv) => void
  readonly fill: () => void
  readonly free: () => void
  readonly close: () => Promise<void>
}

const ended = async (process: ChildProcess): Promise<void> => {
  if (process.exitCode === null && process.signalCode === null) await once(process, "exit")
}

/** Of every Linux (util-linux); no package brings them. */
const [UNSHARE, NSENTER] = ["unshare", "nsenter"]

export const namespaces = spawnSync(UNSHARE, ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]).status === 0

const MOUNT = `mount -t tmpfs -o size=8m,mode=700 tmpfs "$1" && echo mounted && exec cat`

export const realDisk = async (state: string): Promise<SmallDisk> => {
  const holder = spawn(UNSHARE, ["-rm", "sh", "-c", MOUNT, "sh", state], { stdio: ["pipe", "pipe", "inherit"] })
  await once(holder.stdout, "data")
  const enter = ["-t", `${holder.pid}`, "-U", "-m", "--preserve-credentials", "--"]
  const within = (folder: string) => [NSENTER, ...enter, "sh", "-c", `cd "$0" && exec "$@"`, folder]
  const inside = (...command: ReadonlyArray<string>) => spawnSync(NSENTER, [...enter, ...command])
  const ballast = join(state, "ballast")
  return {
    within,
    seen: (file) => `/proc/${holder.pid}/root${file}`,
    start: (folder, launcher, env) => {
      const [program = "", ...args] = within(folder)
      spawnSync(program, [...args, launcher, "daemon", "start"], { env })
    },
    // Ends with its own "no space left on device".
    fill: () => void inside("dd", "if=/dev/zero", `of=${ballast}`, "bs=4k"),
    free: () => void inside("rm", ballast),
    close: async () => {
      holder.stdin.end()
      await ended(holder)
    }
  }
}

const daemon = join(import.meta.dirname, "fixtures", "daemonOnSeam.ts")

export const seamedDisk = (state: string): SmallDisk => {
  const ballast = join(state, "ballast")
  let running: ChildProcess | undefined
  return {
    within: (folder) => ["sh", "-c", `cd "$0" && exec "$@"`, folder],
    seen: (file) => file,
    start: (folder, _launcher, env) => {
      running = spawn(process.execPath, [daemon, ballast], { cwd: folder, env, stdio: "ignore" })
    },
    fill: () => writeFileSync(ballast, ""),
    free: () => rmSync(ballast),
    close: async () => {
      if (running !== undefined) await ended(running)
    }
  }
}
