/** A plugin's tree on the disk: walked, copied, hashed, made durable, removed. A link that leads out of it is refused. */
import { Effect } from "effect"
import * as Crypto from "node:crypto"
import { createReadStream } from "node:fs"
import * as Fs from "node:fs/promises"
import * as Path from "node:path"
import { TreeRefused } from "../schemas/errors/InstallErrors.ts"
import { insideOf, type TreeEntry, treeText } from "../src/lock/Tree.ts"
import { Disk, isFull } from "./DurableFile.ts"
import { noRoom, wordsOf } from "./StoreTrouble.ts"

const MOST_ENTRIES = 50_000
const MOST_BYTES = 1024 * 1024 * 1024
const AT_ONCE = 8

/** History is no part of what runs. */
const LEFT_OUT = new Set([".git"])

interface Node {
  readonly path: string
  readonly kind: TreeEntry["kind"]
  readonly executable: boolean
  readonly target: string
  /** Changes with every change of the entry, also with one that puts its times back. */
  readonly identity: string
}

const refusal = (path: string, cause: unknown): TreeRefused =>
  cause instanceof TreeRefused ? cause : new TreeRefused({ path, detail: wordsOf(cause) })

const attempt = <A>(path: string, run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (cause) => refusal(path, cause) })

/** The same for what is written beside the other trees of a store, whose disk may have no room for it. */
const attemptIn = <A>(tree: string, path: string, run: () => Promise<A>) =>
  Effect.tryPromise({
    try: run,
    catch: (cause) => isFull(cause) ? noRoom(Path.dirname(tree)) : refusal(path, cause)
  })

const checkLink = async (root: string, path: string, target: string) => {
  const full = Path.join(root, path)
  const real = await Fs.realpath(full).catch(() => "")
  const inside = insideOf(path, target) !== undefined && (real === root || real.startsWith(root + Path.sep))
  if (!inside) throw new TreeRefused({ path: full, detail: `it is a link that leads out of ${root}, or nowhere` })
}

const nodeOf = async (root: string, path: string): Promise<Node & { readonly size: number }> => {
  const full = Path.join(root, path)
  if (path.includes("\uFFFD")) throw new TreeRefused({ path: full, detail: "its name is no UTF-8" })
  const stat = await Fs.lstat(full, { bigint: true })
  const { ctimeNs, dev, ino, mode, mtimeNs, size } = stat
  const identity = [path, dev, ino, mode, size, mtimeNs, ctimeNs].join(" ")
  const facts = { path, identity, executable: (mode & 0o111n) !== 0n, size: Number(size), target: "" }
  if (stat.isDirectory()) return { ...facts, kind: "folder" }
  if (stat.isFile()) return { ...facts, kind: "file" }
  if (!stat.isSymbolicLink()) throw new TreeRefused({ path: full, detail: "it is neither a file, a folder nor a link" })
  const target = await Fs.readlink(full)
  await checkLink(root, path, target)
  return { ...facts, kind: "link", target }
}

/** Folders before what is in them. */
const walk = async (folder: string, leaveOut: ReadonlySet<string>): Promise<ReadonlyArray<Node>> => {
  const root = await Fs.realpath(folder)
  const nodes: Array<Node> = []
  const waiting = [""]
  let bytes = 0
  for (let inside = waiting.pop(); inside !== undefined; inside = waiting.pop()) {
    for (const name of await Fs.readdir(Path.join(root, inside))) {
      if (leaveOut.has(name)) continue
      const node = await nodeOf(root, inside === "" ? name : `${inside}/${name}`)
      nodes.push(node)
      bytes += node.size
      if (nodes.length > MOST_ENTRIES || bytes > MOST_BYTES) {
        const detail = `it is larger than ${MOST_ENTRIES} entries or ${MOST_BYTES} bytes`
        throw new TreeRefused({ path: folder, detail })
      }
      if (node.kind === "folder") waiting.push(node.path)
    }
  }
  return nodes
}

const nothing: ReadonlySet<string> = new Set()

const digest = async (file: string): Promise<string> => {
  const hash = Crypto.createHash("sha256")
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest("hex")
}

const entryOf = (folder: string) => (node: Node): Effect.Effect<TreeEntry, TreeRefused> => {
  const { executable, kind, path, target } = node
  if (kind === "folder") return Effect.succeed({ kind, path })
  if (kind === "link") return Effect.succeed({ kind, path, target })
  const file = Path.join(folder, path)
  return Effect.map(attempt(file, () => digest(file)), (sha256) => ({ kind, path, executable, sha256 }))
}

export const hashTree = Effect.fn("PluginTree.hash")(function*(folder: string) {
  const nodes = yield* attempt(folder, () => walk(folder, nothing))
  const entries = yield* Effect.forEach(nodes, entryOf(folder), { concurrency: AT_ONCE })
  return Crypto.createHash("sha256").update(treeText(entries)).digest("hex")
})

/** Two looks that are equal saw a tree that nobody touched in between. */
export const identityOfTree = (folder: string) =>
  Effect.map(
    attempt(folder, () => walk(folder, nothing)),
    (nodes) => nodes.map(({ identity }) => identity).toSorted().join("\n")
  )

const copyNode = Effect.fnUntraced(function*(from: string, to: string, { executable, kind, path, target }: Node) {
  const disk = yield* Disk
  const [source, full] = [Path.join(from, path), Path.join(to, path)]
  yield* attemptIn(to, source, async () => {
    if (kind === "folder") return void await Fs.mkdir(full, { mode: 0o755 })
    if (kind === "link") return Fs.symlink(target, full)
    await disk.copyFile(source, full)
    return Fs.chmod(full, executable ? 0o755 : 0o644)
  })
})

/** A file is copied into the folder under its own name, also when it is named by a link. */
export const copyTree = Effect.fn("PluginTree.copy")(function*(from: string, to: string) {
  const stat = yield* attempt(from, () => Fs.stat(from))
  if (stat.isFile()) {
    const executable = (stat.mode & 0o111) !== 0
    const node: Node = { kind: "file", path: Path.basename(from), executable, target: "", identity: "" }
    return yield* copyNode(Path.dirname(from), to, node)
  }
  if (!stat.isDirectory()) return yield* new TreeRefused({ path: from, detail: "it is neither a file nor a folder" })
  const nodes = yield* attempt(from, () => walk(from, LEFT_OUT))
  for (const node of nodes) yield* copyNode(from, to, node)
})

const syncPath = async (path: string) => {
  const handle = await Fs.open(path, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Files, then folders from the inside out: a name is durable only after what it names. Nothing in it may change any more. */
export const freezeTree = Effect.fn("PluginTree.freeze")(function*(folder: string) {
  const nodes = yield* attempt(folder, () => walk(folder, nothing))
  const settle = ({ executable, kind, path }: Node) => {
    const full = Path.join(folder, path)
    return attemptIn(folder, full, async () => {
      if (kind === "link") return
      await Fs.chmod(full, kind === "folder" || executable ? 0o555 : 0o444)
      await syncPath(full)
    })
  }
  yield* Effect.forEach(nodes.filter(({ kind }) => kind === "file"), settle, { concurrency: AT_ONCE })
  for (const node of nodes.toReversed()) if (node.kind === "folder") yield* settle(node)
  yield* attemptIn(folder, folder, () => syncPath(folder))
})

/** Also what was made unwritable; nothing is followed. */
export const removeTree = (folder: string) =>
  attempt(folder, async () => {
    const open = async (at: string): Promise<void> => {
      await Fs.chmod(at, 0o700)
      for (const entry of await Fs.readdir(at, { withFileTypes: true })) {
        if (entry.isDirectory()) await open(Path.join(at, entry.name))
      }
    }
    await open(folder).catch(() => undefined)
    await Fs.rm(folder, { recursive: true, force: true })
  })
