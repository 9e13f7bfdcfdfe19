import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { Json } from "../../schemas/Json.ts"
import {
  type FrameAssembler,
  type FrameSink,
  type Garbage,
  MAX_DEPTH,
  strictFrames,
  tolerantFrames
} from "../../src/rpc/FrameAssembler.ts"

const collect = (make: (sink: FrameSink) => FrameAssembler) => {
  const frames: Array<Json> = []
  const skipped: Array<Garbage> = []
  const assembler = make({ frame: (value) => frames.push(value), garbage: (found) => skipped.push(found) })
  return { assembler, frames, skipped }
}

const feed = (make: (sink: FrameSink) => FrameAssembler, text: string) => {
  const collected = collect(make)
  for (const line of text.split("\n")) collected.assembler.line(line)
  collected.assembler.end()
  return collected
}

const tolerant = (sink: FrameSink) => tolerantFrames(sink)
const kinds = (skipped: ReadonlyArray<Garbage>) => skipped.map(({ kind }) => kind)
const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value): Json => JSON.parse(JSON.stringify(value)))
const frame = object.map((value): Json => ({ jsonrpc: "2.0", method: "m", params: value }))
const noise = fc.oneof(
  fc.string(),
  fc.constantFrom("{", "}", "{\"a\":[", "{\"x", "{\n  \"a\": {", "[{}", "{}}", "\\\"")
)
const nested = (levels: number) => "{\"a\":" + "[".repeat(levels - 1) + "]".repeat(levels - 1) + "}"

describe("tolerantFrames", () => {
  it("reads objects on one line, over many lines and side by side", () => {
    const printed = fc.tuple(object, fc.constantFrom(0, 1, 2, "\t")).map(([value, indent]) => ({
      value,
      text: JSON.stringify(value, null, indent)
    }))
    fc.assert(fc.property(fc.array(printed), fc.boolean(), (all, apart) => {
      const { frames, skipped } = feed(tolerant, all.map(({ text }) => text).join(apart ? "\n" : " "))
      assert.deepStrictEqual(frames, all.map(({ value }) => value))
      assert.deepStrictEqual(skipped, [])
    }))
  })

  it("never loses a frame on a line of its own, whatever stands between", () => {
    fc.assert(fc.property(fc.array(fc.tuple(noise, frame), { maxLength: 5 }), (all) => {
      const { frames } = feed(tolerant, all.map(([text, value]) => `${text}\n${JSON.stringify(value)}`).join("\n"))
      const received = frames.filter((value) => typeof value === "object" && value !== null && "jsonrpc" in value)
      assert.deepStrictEqual(received, all.map(([, value]) => value))
    }))
  })

  it("reports prose, arrays and scalars, and the rest of a line after a frame", () => {
    const { frames, skipped } = feed(tolerant, "[INFO] starting\n42\n[1,2]\n{\"a\":1} done\n")
    assert.deepStrictEqual(frames, [{ a: 1 }])
    assert.deepStrictEqual(skipped.map(({ text }) => text), ["[INFO] starting", "42", "[1,2]", "done"])
  })

  it("gives a torn frame up at the next whole one", () => {
    for (
      const torn of ["{\"jsonrpc\":\"2.0\",\"result\":{", "{\"jsonrpc\":\"2.0\",\"text\":\"hel", "{\n  \"a\": [1,"]
    ) {
      const { frames, skipped } = feed(tolerant, `${torn}\n{"jsonrpc":"2.0","method":"a"}\n{\n "jsonrpc": "2.0"\n}`)
      assert.deepStrictEqual(frames, [{ jsonrpc: "2.0", method: "a" }, { jsonrpc: "2.0" }])
      assert.deepStrictEqual(kinds(skipped), ["not-json"])
    }
  })

  it("reports what is open when the stream ends", () => {
    assert.deepStrictEqual(kinds(feed(tolerant, "{\n  \"a\": 1").skipped), ["not-json"])
  })

  it("bounds what stays open", () => {
    const { frames, skipped } = feed((sink) => tolerantFrames(sink, 100), `{\n${" 1,\n".repeat(40)}{"jsonrpc":"2.0"}`)
    assert.deepStrictEqual(frames, [{ jsonrpc: "2.0" }])
    assert.strictEqual(skipped[0]?.kind, "too-large")
  })

  it("bounds nesting on one line and over many", () => {
    for (const make of [tolerant, strictFrames]) {
      assert.strictEqual(feed(make, nested(MAX_DEPTH)).frames.length, 1)
      assert.deepStrictEqual(kinds(feed(make, nested(MAX_DEPTH + 1)).skipped), ["too-deep"])
      // A parser would take seconds to find out.
      assert.deepStrictEqual(kinds(feed(make, nested(8_000_000)).skipped), ["too-deep"])
    }
    const { frames, skipped } = feed(tolerant, `{"a":\n${"[\n".repeat(600)}`)
    assert.deepStrictEqual(frames, [])
    assert.strictEqual(skipped[0]?.kind, "too-deep")
  })

  it("finds brackets in strings no deeper than they are, however the quotes are escaped", () => {
    const text = fc.stringMatching(/^["\\[\]{}x]{0,40}$/)
    fc.assert(fc.property(text, fc.array(text, { minLength: 60, maxLength: 60 }), (open, texts) => {
      const value: Json = { open, texts, more: "[".repeat(MAX_DEPTH + 1) }
      const lines = JSON.stringify(value, null, 1)
      assert.deepStrictEqual(feed(tolerant, JSON.stringify(value)).frames, [value])
      assert.deepStrictEqual(feed(tolerant, lines).frames, [value])
      const cut = lines.lastIndexOf("\n")
      const { assembler, frames } = collect(tolerant)
      for (const line of lines.slice(0, cut).split("\n")) assembler.line(line)
      assert.isTrue(assembler.complete(lines.slice(cut + 1)))
      assert.deepStrictEqual(frames, [value])
    }))
  })

  it("gives up an unfinished line that is too deep, and goes on after it", () => {
    const { assembler, frames, skipped } = collect(tolerant)
    assert.isTrue(assembler.complete(nested(MAX_DEPTH + 1)))
    assembler.line("{\"a\":")
    assert.isTrue(assembler.complete(`${nested(MAX_DEPTH + 1)}}`))
    assembler.line("{\"c\":1}")
    assert.deepStrictEqual(kinds(skipped), ["too-deep", "too-deep"])
    assert.deepStrictEqual(frames, [{ c: 1 }])
  })

  it("shows only how garbage begins", () => {
    assert.strictEqual(feed(tolerant, "x".repeat(1_000_000)).skipped[0]?.text.length, 200)
    const torn = `{\n "id": 7,${"\n \"result\": [".repeat(100)}`
    assert.match(feed(tolerant, torn).skipped[0]?.text ?? "", /^{ {2}"id": 7, {2}"result": \[/)
  })

  it("completes a frame whose newline never came, and leaves anything else as it was", () => {
    const { assembler, frames } = collect(tolerant)
    assembler.line("{")
    assert.isFalse(assembler.complete("  \"a\": {\"b\": 1}"))
    assembler.line("  \"a\": {\"b\": 1}")
    assert.isTrue(assembler.complete("}"))
    assembler.line("{\"c\":1}")
    assert.deepStrictEqual(frames, [{ a: { b: 1 } }, { c: 1 }])
  })
})

describe("strictFrames", () => {
  it("reads any JSON value, one a line", () => {
    fc.assert(fc.property(fc.array(fc.jsonValue()), (values) => {
      const texts = values.map((value) => JSON.stringify(value))
      const { frames, skipped } = feed(strictFrames, texts.join("\n"))
      assert.deepStrictEqual(frames, texts.map((text): Json => JSON.parse(text)))
      assert.deepStrictEqual(skipped, [])
    }))
  })

  it("reports every line that is not JSON and waits for nothing", () => {
    const { frames, skipped } = feed(strictFrames, "{\n\n \t\n{\"a\":1}{}\n[1]")
    assert.deepStrictEqual(frames, [[1]])
    assert.deepStrictEqual(skipped, [{ kind: "not-json", text: "{" }, { kind: "not-json", text: "{\"a\":1}{}" }])
  })
})
