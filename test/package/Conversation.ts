/** Talks to a plugin as its host does, each request after the answer to the one before, and gives back all that it said. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { assert } from "vitest"

export interface Frame {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
}

export const framesOf = (text = ""): ReadonlyArray<Frame> =>
  text.trimEnd().split("\n").map((line): Frame => JSON.parse(line))

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/g

/** What is another each time: moments, durations, random ids, the port and the folder. */
export const steady = (frame: unknown): unknown =>
  JSON.parse(JSON.stringify(frame, (key, value: unknown) => {
    if (key === "duration_ms" || key === "execution_cwd") return "another each time"
    return typeof value === "string"
      ? value.replaceAll(TIME, "a moment").replaceAll(ID, "an id").replace(/^(127\.0\.0\.1):[1-9]\d*$/, "$1:a port")
      : value
  }))

const hello: ReadonlyArray<Frame> = [
  {
    id: 1,
    method: "initialize",
    params: {
      protocol_version: "1.1.0",
      host_info: { name: "animus", version: "0.1.0" },
      capabilities: { streaming: true, cancellation: true },
      init_extensions: { project_binding: { project_root: "/home/me/project" } }
    }
  },
  { method: "initialized" }
]

/** The handshake comes before, unless it is among what is asked; random ids that are `shown` stand for those that are told. */
export const converse = async (
  program: { readonly file: string; readonly folder: string },
  asked: ReadonlyArray<Frame>,
  shown: ReadonlyArray<Frame>
): Promise<ReadonlyArray<Frame>> => {
  const child = spawn(process.execPath, [program.file], { cwd: program.folder, stdio: ["pipe", "pipe", "ignore"] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const told: Array<Frame> = []
  const names = new Map<string, string>()
  const listen = async () => {
    const next = await lines.next()
    if (next.done !== true) told.push(JSON.parse(next.value))
    return next.done !== true
  }
  const isGreeted = asked.some(({ method }) => method === "initialize")
  for (const frame of isGreeted ? asked : [...hello, ...asked]) {
    const text = JSON.stringify({ jsonrpc: "2.0", ...frame }).replaceAll(ID, (id) => names.get(id) ?? id)
    child.stdin.write(`${text}\n`)
    while (frame.id !== undefined && told.at(-1)?.id !== frame.id) assert.isTrue(await listen(), `no answer to ${text}`)
    const answer = JSON.stringify(told.at(-1)).match(ID) ?? []
    const before = JSON.stringify(shown.find(({ id }) => id === frame.id) ?? {}).match(ID) ?? []
    for (const [at, name] of before.entries()) names.set(name, answer[at] ?? name)
  }
  child.stdin.end()
  while (await listen());
  return isGreeted ? told : told.slice(1)
}
