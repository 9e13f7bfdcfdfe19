/** The control socket as plain JSON-RPC, one request at a time, for a driver that shares no code with the daemon. */
import { once } from "node:events"
import { createConnection, type Socket } from "node:net"

export class Line {
  private readonly socket: Socket
  private readonly waiting = new Map<number, (answer: unknown) => void>()
  private text = ""
  private ids = 0

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on("data", (chunk: Buffer) => this.take(chunk.toString()))
    socket.on("close", () => {
      for (const settle of this.waiting.values()) settle(undefined)
      this.waiting.clear()
    })
    socket.on("error", () => socket.destroy())
  }

  /** Undefined while nobody listens. */
  static async open(path: string): Promise<Line | undefined> {
    const socket = createConnection(path)
    try {
      await once(socket, "connect")
      return new Line(socket)
    } catch {
      return undefined
    }
  }

  /** The result; undefined when it was refused, or the daemon is gone. */
  call(method: string, params: object): Promise<unknown> {
    if (this.socket.destroyed) return Promise.resolve(undefined)
    const id = ++this.ids
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.socket.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`)
    })
  }

  close(): void {
    this.socket.destroy()
  }

  private take(chunk: string): void {
    const lines = (this.text + chunk).split("\n")
    this.text = lines.pop() ?? ""
    for (const line of lines) {
      const { id, result } = JSON.parse(line)
      this.waiting.get(id)?.(result)
      this.waiting.delete(id)
    }
  }
}
