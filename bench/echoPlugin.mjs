#!/usr/bin/env node
// The plugin on the other end of every host. It does as little as it can, so that the host is what is measured: it answers a
// request with its own params, and a `bench/flood` with that many notifications, written as whole blocks. Frames are lines, or
// with the argument `content-length` what vscode-jsonrpc writes; a host that speaks MCP gets MCP's handshake.
const BLOCK = 64
const identity = {
  protocol_version: "1.1.0",
  plugin_info: { name: "bench", version: "1.0.0", plugin_kind: "custom" },
  capabilities: { methods: ["bench/echo", "bench/flood"], streaming: true, progress: false, cancellation: false }
}
const mcpIdentity = ({ protocolVersion }) => ({
  protocolVersion,
  capabilities: {},
  serverInfo: { name: "bench", version: "1.0.0" }
})

const lines = {
  frame: (text) => `${text}\n`,
  split: (rest) => {
    const found = rest.split("\n")
    return { rest: found.pop() ?? "", found }
  }
}
/** The benchmark's own frames are ASCII: a character is a byte. */
const headed = {
  frame: (text) => `Content-Length: ${text.length}\r\n\r\n${text}`,
  split: (rest) => {
    const found = []
    while (true) {
      const end = rest.indexOf("\r\n\r\n")
      if (end < 0) return { rest, found }
      const length = Number(/Content-Length: (\d+)/i.exec(rest.slice(0, end))?.[1])
      if (rest.length < end + 4 + length) return { rest, found }
      found.push(rest.slice(end + 4, end + 4 + length))
      rest = rest.slice(end + 4 + length)
    }
  }
}
const { frame, split } = process.argv[2] === "content-length" ? headed : lines

const answer = (id, result) => frame(JSON.stringify({ jsonrpc: "2.0", id, result }))
const write = (text) => new Promise((resolve) => process.stdout.write(text, resolve))

const flood = async (id, { count, text }) => {
  const params = { session_id: "session-1", text }
  const said = frame(JSON.stringify({ jsonrpc: "2.0", method: "bench/said", params }))
  const block = Buffer.from(said.repeat(BLOCK))
  for (let left = count; left > 0; left -= BLOCK) {
    await write(left >= BLOCK ? block : Buffer.from(said.repeat(left)))
  }
  await write(answer(id, {}))
}

let rest = ""
process.stdin.setEncoding("utf8").on("data", (chunk) => {
  const { found, rest: left } = split(rest + chunk)
  rest = left
  let answers = ""
  for (const text of found) {
    const { id, method, params } = JSON.parse(text)
    if (method === "initialize") answers += answer(id, "protocolVersion" in params ? mcpIdentity(params) : identity)
    else if (method === "bench/flood") void flood(id, params)
    else if (method === "exit") process.exit(0)
    else if (id !== undefined) answers += answer(id, params ?? null)
  }
  if (answers !== "") process.stdout.write(answers)
}).on("end", () => process.exit(0))
