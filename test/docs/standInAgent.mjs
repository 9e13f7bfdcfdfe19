/** Stands in for the agent that a document names: reads a prompt on stdin, says a little, and decides as it was asked to. */
import { text } from "node:stream/consumers"

const prompt = await text(process.stdin)
const nonce = [...prompt.matchAll(/"nonce":\s*"([^"]+)"/g)].at(-1)?.[1]
process.stdout.write("looked at the files\n")
const decision = { kind: "phase_decision", nonce, verdict: "advance", confidence: 0.9, risk: "low", reason: "done" }
process.stdout.write(`${JSON.stringify(decision)}\n`)
