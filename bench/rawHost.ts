/**
 * The baseline of the plugin host: the same program, the same pipes, and the least that a host can do in plain Node: cut into
 * lines, parse, match by id, hand over. What one turn of the loop asks leaves in one write, as a good hand would have it.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { dirname } from "node:path"

interface Frame {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
}

/** What a plugin finds on its PATH: the Node that runs the benchmark, then what every program needs. */
export const PATH = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`

export class RawHost {
  onNotification: (params: unknown) => void = () => {}
  #issued = 0
  #outgoing: Array<string> = []
  #rest = ""
  readonly #open = new Map<number, (result: unknown) => void>()
  readonly #child

  constructor(path: string) {
    this.#child = spawn(path, [], { env: { PATH }, stdio: ["pipe", "pipe", "ignore"] })
    this.#child.stdout.setEncoding("utf8").on("data", (chunk: string) => this.#read(chunk))
  }

  call(method: string, params: unknown): Promise<unknown> {
    const id = ++this.#issued
    if (this.#outgoing.push(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`) === 1) {
      setImmediate(() => this.#flush())
    }
    return new Promise((resolve) => this.#open.set(id, resolve))
  }

  async close(): Promise<void> {
    this.#child.stdin.end()
    if (this.#child.exitCode === null) await once(this.#child, "exit")
  }

  #flush(): void {
    this.#child.stdin.write(this.#outgoing.join(""))
    this.#outgoing = []
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n")
    this.#rest = lines.pop() ?? ""
    for (const line of lines) this.#take(JSON.parse(line))
  }

  #take({ id, method, params, result }: Frame): void {
    if (id === undefined) {
      if (method !== undefined) this.onNotification(params)
      return
    }
    const settle = this.#open.get(id)
    this.#open.delete(id)
    settle?.(result)
  }
}
