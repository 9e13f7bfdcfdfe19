/**
 * A disk whose power can be cut: it works on real files below one folder, and knows of each file and folder what was synced.
 * What was not may be lost, kept, or kept in part: `outcomes` are the disks that a machine may wake up with. For tests of what
 * stands on `DurableFile`; nothing else may change that folder.
 */
import { constants } from "node:fs"
import * as Path from "node:path"
import { type DiskOperations, nodeDisk, SECTOR, type SyncPoint } from "./DurableFile.ts"

type Change =
  | { readonly kind: "write"; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly length: number }

class FileNode {
  durable: Buffer = Buffer.alloc(0)
  pending: Array<Change> = []
}

class FolderNode {
  readonly live = new Map<string, Node>()
  durable: ReadonlyMap<string, Node> = new Map()

  get changed(): boolean {
    return this.live.size !== this.durable.size ||
      [...this.live].some(([name, node]) => this.durable.get(name) !== node)
  }
}

type Node = FileNode | FolderNode

/** Path below the root -> content, `undefined` for a folder. */
export type Outcome = ReadonlyMap<string, Buffer | undefined>

/**
 * What becomes of bytes that were not synced. `untruncated`: writes reached the disk before the truncation that came first;
 * `torn`: of what is new only whole sectors did.
 */
const BYTES = ["lost", "kept", "untruncated", "torn"] as const
type Bytes = typeof BYTES[number]

const resized = (content: Buffer, length: number): Buffer =>
  length <= content.length
    ? content.subarray(0, length)
    : Buffer.concat([content, Buffer.alloc(length - content.length)])

const applied = (content: Buffer, change: Change): Buffer => {
  if (change.kind === "truncate") return resized(content, change.length)
  const whole = Buffer.from(resized(content, Math.max(content.length, change.position + change.bytes.length)))
  change.bytes.copy(whole, change.position)
  return whole
}

const shortens = (flags: string | number): boolean =>
  typeof flags === "string" ? flags.startsWith("w") : (flags & constants.O_TRUNC) !== 0

const torn = (durable: Buffer, content: Buffer): Buffer =>
  content.subarray(0, Math.max(Math.min(durable.length, content.length), content.length - content.length % SECTOR))

const contentOf = ({ durable, pending }: FileNode, bytes: Bytes): Buffer =>
  bytes === "torn"
    ? torn(durable, contentOf({ durable, pending }, "kept"))
    : pending.filter(({ kind }) => bytes === "kept" || bytes === "untruncated" && kind === "write").reduce(
      applied,
      durable
    )

export interface PowerCutOptions {
  readonly root: string
  /** A sync for this is left out: the caller believes that it was done. */
  readonly without?: SyncPoint
  /** Before each change. A rejection ends the process: everything fails from then on, until `revive`. */
  readonly before?: () => Promise<void>
}

export class PowerCutDisk {
  readonly #tree = new FolderNode()
  readonly #open = new WeakMap<object, Node>()
  readonly #options: PowerCutOptions
  /** The next write takes this many bytes, the one after it fails for want of space. */
  room = Number.POSITIVE_INFINITY

  constructor(options: PowerCutOptions) {
    this.#options = options
  }

  readonly operations: DiskOperations = {
    open: async (path, flags) => {
      await this.#step()
      const handle = await nodeDisk.open(path, flags)
      const node = this.#at(path) ?? new FileNode()
      if (this.#at(path) === undefined) this.#parent(path).live.set(Path.basename(path), node)
      if (shortens(flags) && node instanceof FileNode) node.pending.push({ kind: "truncate", length: 0 })
      this.#open.set(handle, node)
      return handle
    },
    write: async (file, bytes, position) => {
      await this.#step()
      const part = bytes.subarray(0, this.#take(bytes.length))
      const taken = await nodeDisk.write(file, part, position)
      this.#file(file).pending.push({ kind: "write", position, bytes: Buffer.from(part.subarray(0, taken)) })
      return taken
    },
    truncate: async (file, length) => {
      await this.#step()
      await nodeDisk.truncate(file, length)
      this.#file(file).pending.push({ kind: "truncate", length })
    },
    sync: async (file, point) => {
      await this.#step()
      if (point === this.#options.without) return
      const node = this.#file(file)
      node.durable = contentOf(node, "kept")
      node.pending = []
    },
    syncFolder: async (folder, point) => {
      await this.#step()
      if (point === this.#options.without) return
      const node = this.#open.get(folder)
      // What lies above the root is not looked at.
      if (node instanceof FolderNode) node.durable = new Map(node.live)
    },
    rename: async (from, to) => {
      await this.#step()
      await nodeDisk.rename(from, to)
      const node = this.#at(from)
      this.#parent(from).live.delete(Path.basename(from))
      if (node !== undefined) this.#parent(to).live.set(Path.basename(to), node)
    },
    remove: async (path) => {
      await this.#step()
      await nodeDisk.remove(path)
      const empty = (node: Node | undefined): void => {
        if (!(node instanceof FolderNode)) return
        for (const inner of node.live.values()) empty(inner)
        node.live.clear()
      }
      empty(this.#at(path))
      this.#parent(path).live.delete(Path.basename(path))
    },
    // No store of runs copies files.
    copyFile: nodeDisk.copyFile,
    makeFolder: async (path) => {
      await this.#step()
      const first = await nodeDisk.makeFolder(path)
      let folder = this.#tree
      for (const name of this.#names(path)) {
        const there = folder.live.get(name)
        const next = there instanceof FolderNode ? there : new FolderNode()
        folder.live.set(name, next)
        folder = next
      }
      return first
    }
  }

  /** Every disk that the machine may wake up with, were the power cut now. */
  outcomes(): ReadonlyArray<Outcome> {
    const changed = this.#folders(this.#tree).filter((folder) => folder.changed)
    const lost: ReadonlyArray<ReadonlySet<FolderNode>> = [
      new Set(),
      new Set(changed),
      ...(changed.length > 1 ? changed.map((one) => new Set([one])) : [])
    ]
    return BYTES.flatMap((bytes) => lost.map((names) => this.#outcome(bytes, names)))
  }

  #outcome(bytes: Bytes, lost: ReadonlySet<FolderNode>): Outcome {
    const found = new Map<string, Buffer | undefined>()
    const walk = (folder: FolderNode, path: string): void => {
      for (const [name, node] of lost.has(folder) ? folder.durable : folder.live) {
        const inner = Path.join(path, name)
        found.set(inner, node instanceof FileNode ? contentOf(node, bytes) : undefined)
        if (node instanceof FolderNode) walk(node, inner)
      }
    }
    walk(this.#tree, "")
    return found
  }

  #folders(folder: FolderNode): ReadonlyArray<FolderNode> {
    const inner = [...folder.live.values(), ...folder.durable.values()].filter((node) => node instanceof FolderNode)
    return [folder, ...[...new Set(inner)].flatMap((node) => this.#folders(node))]
  }

  async #step(): Promise<void> {
    await this.#options.before?.()
  }

  #take(length: number): number {
    if (this.room === 0) {
      this.room = Number.POSITIVE_INFINITY
      throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" })
    }
    const taken = Math.min(length, this.room)
    this.room -= taken
    return taken
  }

  #names(path: string): ReadonlyArray<string> {
    return Path.relative(this.#options.root, path).split(Path.sep).filter((name) => name !== "")
  }

  #at(path: string): Node | undefined {
    if (Path.relative(this.#options.root, path).startsWith("..")) return new FolderNode()
    return this.#names(path).reduce<Node | undefined>(
      (node, name) => node instanceof FolderNode ? node.live.get(name) : undefined,
      this.#tree
    )
  }

  #parent(path: string): FolderNode {
    const parent = this.#at(Path.dirname(path))
    if (parent instanceof FolderNode) return parent
    throw new Error(`${path} lies in no folder that was made here`)
  }

  #file(handle: object): FileNode {
    const node = this.#open.get(handle)
    if (node instanceof FileNode) return node
    throw new Error("no file of this disk")
  }
}
