/**
 * Hosts that others have written for the same shape of work: the MCP TypeScript SDK's stdio client, and vscode-jsonrpc with
 * the framing it brings. Both drive the same program as ours, hand over the same payload, and are asked in the same way.
 */
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js"
import { ResultSchema } from "@modelcontextprotocol/sdk/types.js"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node"
import { PATH } from "./rawHost.ts"

/** What a benchmark needs of any host. */
export interface OtherHost {
  onNotification: (params: unknown) => void
  readonly call: (method: string, params: Readonly<Record<string, unknown>>) => Promise<unknown>
  readonly close: () => Promise<void>
}

export const mcpHost = async (path: string): Promise<OtherHost> => {
  const client = new Client({ name: "bench", version: "1.0.0" })
  await client.connect(new StdioClientTransport({ command: path, env: { PATH }, stderr: "ignore" }))
  const host: OtherHost = {
    onNotification: () => {},
    call: (method, params) => client.request({ method, params }, ResultSchema),
    close: () => client.close()
  }
  client.fallbackNotificationHandler = async ({ params }) => host.onNotification(params)
  return host
}

export const vscodeHost = async (path: string): Promise<OtherHost> => {
  const child = spawn(path, ["content-length"], { env: { PATH }, stdio: ["pipe", "pipe", "ignore"] })
  const connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin)
  )
  const host: OtherHost = {
    onNotification: () => {},
    call: (method, params) => connection.sendRequest(method, params),
    close: async () => {
      connection.dispose()
      child.stdin.end()
      if (child.exitCode === null) await once(child, "exit")
    }
  }
  connection.onNotification((_method, params) => host.onNotification(params))
  connection.listen()
  return host
}
