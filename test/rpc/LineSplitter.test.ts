import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { LineSplitter } from "../../src/rpc/LineSplitter.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

/** Cuts at the given places, taken modulo the length. */
const cut = (all: Uint8Array, places: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const at = [0, ...places.map((place) => place % (all.length + 1)).toSorted((a, b) => a - b), all.length]
  return at.slice(1).map((end, index) => all.slice(at[index], end))
}

const split = (chunks: ReadonlyArray<Uint8Array>, maxBytes?: number) => {
  const lines: Array<string> = []
  const oversized: Array<string> = []
  const splitter = new LineSplitter(
    { line: (text) => lines.push(text), oversized: (head) => oversized.push(head) },
    maxBytes
  )
  for (const chunk of chunks) splitter.push(chunk)
  splitter.end()
  return { lines, oversized }
}

const line = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\r\n\uFEFF]/g, "")).filter((text) =>
  text !== ""
)
const places = fc.array(fc.nat(), { maxLength: 20 })

describe("LineSplitter", () => {
  it("gives the same lines whatever the chunks, with LF or CRLF", () => {
    fc.assert(fc.property(fc.array(line), places, fc.constantFrom("\n", "\r\n"), (lines, places, end) => {
      const all = bytes(lines.map((text) => text + end).join(""))
      assert.deepStrictEqual(split(cut(all, places)).lines, lines)
    }))
  })

  it("drops exactly the lines beyond the cap and reports each once, whatever the chunks", () => {
    fc.assert(fc.property(fc.array(line), places, fc.integer({ min: 1, max: 20 }), (lines, places, cap) => {
      const { lines: kept, oversized } = split(cut(bytes(lines.map((text) => text + "\n").join("")), places), cap)
      assert.deepStrictEqual(kept, lines.filter((text) => bytes(text).length <= cap))
      assert.strictEqual(oversized.length, lines.filter((text) => bytes(text).length > cap).length)
    }))
  })

  it("takes the last line without a newline when the stream ends, and skips empty lines", () => {
    assert.deepStrictEqual(split([bytes("\n\r\na\n\nb")]).lines, ["a", "b"])
  })

  it("takes a byte order mark off any line", () => {
    assert.deepStrictEqual(split([bytes("\uFEFFa\n\uFEFFb\n\uFEFFc\n")]).lines, ["a", "b", "c"])
  })

  it("replaces invalid UTF-8 and keeps every line end", () => {
    const damaged = Uint8Array.of(0x61, 0xe2, 0x0a, 0x82, 0xac, 0x0a, 0x62, 0x0a)
    for (const chunks of [[damaged], [...damaged].map((byte) => Uint8Array.of(byte))]) {
      assert.deepStrictEqual(split(chunks).lines, ["a\uFFFD", "\uFFFD\uFFFD", "b"])
    }
  })

  it("does not keep a caller's buffer", () => {
    const reused = bytes("abc")
    const lines: Array<string> = []
    const splitter = new LineSplitter({ line: (text) => lines.push(text), oversized: () => {} })
    splitter.push(reused)
    reused.set(bytes("d\n!"))
    splitter.push(reused.subarray(0, 2))
    assert.deepStrictEqual(lines, ["abcd"])
  })

  it("reports how an oversized line begins and reads on after it", () => {
    const { lines, oversized } = split([bytes("head"), bytes("x".repeat(600)), bytes("yy\nnext\n")], 500)
    assert.deepStrictEqual(lines, ["next"])
    assert.deepStrictEqual(oversized, ["head"])
  })

  it("carries a 15 MiB line through small chunks", () => {
    const all = bytes("é".repeat(15 * 1024 * 512) + "\nz\n")
    const chunks = Array.from(
      { length: Math.ceil(all.length / 4095) },
      (_, at) => all.subarray(at * 4095, (at + 1) * 4095)
    )
    const { lines, oversized } = split(chunks)
    assert.deepStrictEqual(lines.map((text) => text.length), [15 * 1024 * 512, 1])
    assert.deepStrictEqual(oversized, [])
  })

  it("offers an unfinished line only where a frame could end, until it is discarded", () => {
    const lines: Array<string> = []
    const splitter = new LineSplitter({ line: (text) => lines.push(text), oversized: () => {} })
    splitter.push(bytes("{\"a\":1"))
    assert.strictEqual(splitter.unfinished(), undefined)
    splitter.push(bytes("}"))
    assert.strictEqual(splitter.unfinished(), "{\"a\":1}")
    splitter.discard()
    splitter.push(bytes("\nnext\n"))
    assert.deepStrictEqual(lines, ["next"])
  })
})
