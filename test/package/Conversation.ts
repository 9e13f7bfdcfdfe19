/** Talks to a plugin as its host does, each request after the answer to the one before, and gives back all that it said. */
import { spawn } from "node:child_process"
import { join } from "node:path"
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

/** What a program is told and says, a line each; what it says ends when it does. */
interface Program {
  readonly write: (line: string) => void
  readonly end: () => void
  readonly next: () => Promise<string | undefined>
}

const started = (command: ReadonlyArray<string>, folder: string) => {
  const child = spawn(process.execPath, command, { cwd: folder, stdio: ["pipe", "pipe", "ignore"] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    write: (line: string) => void child.stdin.write(`${line}\n`),
    end: () => void child.stdin.end(),
    next: async () => {
      const next = await lines.next()
      return next.done === true ? undefined : next.value
    }
  }
}

export const program = (file: string, folder: string): Program => started([file], folder)

/** A process in which one program after the other is played. */
export const stage = (folder: string) => {
  const played = started([join(import.meta.dirname, "stage.ts")], folder)
  return {
    end: played.end,
    play: (file: string): Program => {
      played.write(`begin ${join(folder, file)}`)
      return {
        write: played.write,
        end: () => played.write("end"),
        next: async () => {
          const line = await played.next()
          if (line?.startsWith("exited ") !== true) return line
          assert.strictEqual(line, "exited 0")
          return undefined
        }
      }
    }
  }
}

/** The handshake comes before, unless it is among what is asked; random ids that are `shown` stand for those that are told. */
export const converse = async (
  speaker: Program,
  asked: ReadonlyArray<Frame>,
  shown: ReadonlyArray<Frame>
): Promise<ReadonlyArray<Frame>> => {
  const told: Array<Frame> = []
  const names = new Map<string, string>()
  const listen = async () => {
    const line = await speaker.next()
    if (line !== undefined) told.push(JSON.parse(line))
    return line !== undefined
  }
  const isGreeted = asked.some(({ method }) => method === "initialize")
  for (const frame of isGreeted ? asked : [...hello, ...asked]) {
    const text = JSON.stringify({ jsonrpc: "2.0", ...frame }).replaceAll(ID, (id) => names.get(id) ?? id)
    speaker.write(text)
    while (frame.id !== undefined && told.at(-1)?.id !== frame.id) assert.isTrue(await listen(), `no answer to ${text}`)
    const answer = JSON.stringify(told.at(-1)).match(ID) ?? []
    const before = JSON.stringify(shown.find(({ id }) => id === frame.id) ?? {}).match(ID) ?? []
    for (const [at, name] of before.entries()) names.set(name, answer[at] ?? name)
  }
  speaker.end()
  while (await listen());
  return isGreeted ? told : told.slice(1)
}
