#!/usr/bin/env node
// The plugin on the other end of both hosts. It does as little as it can, so that the host is what is measured: it answers a
// request with its own params, and a `bench/flood` with that many notifications, written as whole blocks.
const BLOCK = 64
const answer = (id, result) => `${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`
const identity = {
  protocol_version: "1.1.0",
  plugin_info: { name: "bench", version: "1.0.0", plugin_kind: "custom" },
  capabilities: { methods: ["bench/echo", "bench/flood"], streaming: true, progress: false, cancellation: false }
}

const write = (text) => new Promise((resolve) => process.stdout.write(text, resolve))

const flood = async (id, { count, text }) => {
  const line = `${
    JSON.stringify({ jsonrpc: "2.0", method: "bench/said", params: { session_id: "session-1", text } })
  }\n`
  const block = Buffer.from(line.repeat(BLOCK))
  for (let left = count; left > 0; left -= BLOCK) {
    await write(left >= BLOCK ? block : Buffer.from(line.repeat(left)))
  }
  await write(answer(id, null))
}

let rest = ""
process.stdin.setEncoding("utf8").on("data", (chunk) => {
  const lines = (rest + chunk).split("\n")
  rest = lines.pop() ?? ""
  let answers = ""
  for (const line of lines) {
    const { id, method, params } = JSON.parse(line)
    if (method === "initialize") answers += answer(id, identity)
    else if (method === "bench/flood") void flood(id, params)
    else if (method === "exit") process.exit(0)
    else if (id !== undefined) answers += answer(id, params ?? null)
  }
  if (answers !== "") process.stdout.write(answers)
}).on("end", () => process.exit(0))
