import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { channelPair } from "../../layers/ControlMemory.ts"
import type { Channel } from "../../src/control/Channel.ts"
import { ControlServer } from "../../src/control/ControlServer.ts"
import { PeerClosed } from "../../src/rpc/RpcError.ts"
import * as Doubles from "./Doubles.ts"
import * as Wire from "./Wire.ts"

const withServer = <A, E>(
  test: (steering: Doubles.Steering) => Effect.Effect<A, E, ControlServer | Scope.Scope>
) =>
  Effect.flatMap(
    Doubles.steering,
    (steering) => Effect.provide(Effect.scoped(test(steering)), Doubles.server(steering))
  )

const status = `{"running":true,"version":"1"}`
const ask = (id: string, method = "daemon/status", params = "{}") =>
  `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}\n`
const watch = (id: string, workflow: string) => ask(id, "workflow/events", `{"workflow_id":"${workflow}"}`)
const element = (id: string, workflow: string, kind = "phase_started") =>
  `{"jsonrpc":"2.0","method":"workflow/event","params":{"id":${id},"data":${
    JSON.stringify(Doubles.event(workflow, kind))
  }}}`
const closed = (id: string, rest: string) =>
  `{"jsonrpc":"2.0","method":"subscription/closed","params":{"id":${id},${rest}}}`
const parseError =
  `{"jsonrpc":"2.0","error":{"code":-32700,"message":"parse error: this line is not JSON. Send one JSON-RPC 2.0 request per line"}}`
const invalid = (detail: string, id = "") =>
  `{"jsonrpc":"2.0",${id}"error":{"code":-32600,"message":"invalid request: ${detail}"}}`

/** What is sent, and every line that comes back. */
const table: ReadonlyArray<readonly [name: string, sent: string, answers: ReadonlyArray<string>]> = [
  ["a call", ask("1"), [`{"jsonrpc":"2.0","id":1,"result":${status}}`]],
  ["a string id stays a string", ask(`"1"`), [`{"jsonrpc":"2.0","id":"1","result":${status}}`]],
  ["params null", ask("1", "daemon/status", "null"), [`{"jsonrpc":"2.0","id":1,"result":${status}}`]],
  ["params missing", `{"jsonrpc":"2.0","id":1,"method":"daemon/status"}\n`, [
    `{"jsonrpc":"2.0","id":1,"result":${status}}`
  ]],
  ["a unit result", ask("1", "daemon/stop"), [`{"jsonrpc":"2.0","id":1,"result":{}}`]],
  ["a raw result", ask("1", "plugin/call", `{"name":"p","method":"m","params":[1,null]}`), [
    `{"jsonrpc":"2.0","id":1,"result":[1,null]}`
  ]],
  ["a raw result that is null", ask("1", "plugin/call", `{"name":"p","method":"m"}`), [
    `{"jsonrpc":"2.0","id":1,"result":null}`
  ]],
  ["blank lines and CRLF", `\n  \n\r\n${ask("1").trim()}\r\n`, [`{"jsonrpc":"2.0","id":1,"result":${status}}`]],
  ["garbage keeps the connection", `{nonsense\n${ask("2")}`, [
    parseError,
    `{"jsonrpc":"2.0","id":2,"result":${status}}`
  ]],
  ["an unknown method has no category", ask("1", "no/such"), [
    `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"method not found: no/such. The methods of this daemon are in the answer of daemon/status"}}`
  ]],
  ["a method that is the command line's here", ask("1", "plugin/install", `{"source":"a/b"}`), [
    `{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"plugin/install is not served over the control socket. Type: animus plugin install SOURCE","data":{"category":"not_supported"}}}`
  ]],
  ["params that are no object", ask("1", "daemon/status", "[1]"), [
    `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"invalid params of daemon/status: expected an object"}}`
  ]],
  ["an error of a handler has a category", ask("1", "subject/get", `{"id":"missing"}`), [
    `{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no such subject","data":{"error":"X","category":"not_found"}}}`
  ]],
  ["a defect tells nothing of the inside", ask("1", "daemon/health"), [
    `{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"the daemon failed inside itself. What happened is in: animus logs --level error","data":{"category":"internal"}}}`
  ]],
  ["a request without id is answered without id", `{"jsonrpc":"2.0","method":"daemon/status"}\n`, [
    `{"jsonrpc":"2.0","result":${status}}`
  ]],
  ["a stream without id", `{"jsonrpc":"2.0","method":"workflow/events"}\n`, [
    invalid("workflow/events opens a stream and needs an id")
  ]],
  ["no object", `7\n`, [invalid("a request is a JSON object")]],
  ["another version", `{"id":1,"method":"daemon/status"}\n`, [invalid(`\\"jsonrpc\\" has to be \\"2.0\\"`, `"id":1,`)]],
  ["an id that is none", `{"jsonrpc":"2.0","id":{},"method":"daemon/status"}\n`, [
    invalid(`\\"id\\" has to be a string or a number`)
  ]],
  ["an answer nobody asked for", `{"jsonrpc":"2.0","id":1,"result":{}}\n`, [
    invalid(`\\"method\\" has to be a string`, `"id":1,`)
  ]],
  ["an unknown $/ notification", `{"jsonrpc":"2.0","method":"$/x"}\n${ask("1")}`, [
    `{"jsonrpc":"2.0","id":1,"result":${status}}`
  ]],
  ["a batch", `[${ask("1").trim()},{"jsonrpc":"2.0","method":"$/x"},3,${ask(`"1"`, "no/such").trim()}]\n`, [
    `[{"jsonrpc":"2.0","id":1,"result":${status}},${
      invalid("a request is a JSON object")
    },{"jsonrpc":"2.0","id":"1","error":{"code":-32601,"message":"method not found: no/such. The methods of this daemon are in the answer of daemon/status"}}]`
  ]],
  [
    "a batch leaves when its last answer is there",
    `[${ask("1", "daemon/pause").trim()},${
      ask("2").trim()
    }]\n{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}\n`,
    [
      `[{"jsonrpc":"2.0","id":2,"result":${status}},{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"request cancelled"}}]`
    ]
  ],
  ["an empty batch", "[]\n", [invalid("a batch holds 1 to 1000 requests")]],
  ["a stream", watch("9", "w"), [`{"jsonrpc":"2.0","id":9,"result":{"watching":true}}`, element("9", "w")]],
  ["a stream that ends", ask("9", "daemon/logs"), [
    `{"jsonrpc":"2.0","id":9,"result":{"watching":true}}`,
    closed("9", `"reason":"completed"`)
  ]],
  ["a stream that ends with words", watch("9", "ending"), [
    `{"jsonrpc":"2.0","id":9,"result":{"watching":true}}`,
    element("9", "w", "workflow_completed"),
    closed("9", `"reason":"w has ended"`)
  ]],
  ["a stream that lagged", watch(`"a"`, "lagging"), [
    `{"jsonrpc":"2.0","id":"a","result":{"watching":true}}`,
    element(`"a"`, "w"),
    closed(`"a"`, `"reason":"buffer_full_lagged","category":"unavailable"`)
  ]],
  ["a stream that is refused", watch("9", "refused"), [
    `{"jsonrpc":"2.0","id":9,"error":{"code":-32602,"message":"no run","data":{"category":"not_found"}}}`
  ]],
  ["a stream that breaks", watch("9", "broken"), [
    `{"jsonrpc":"2.0","id":9,"result":{"watching":true}}`,
    closed(
      "9",
      `"reason":"the daemon failed inside itself. What happened is in: animus logs --level error","category":"internal"`
    )
  ]],
  ["a stream that is cancelled", `${watch("9", "w")}{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":9}}\n`, [
    `{"jsonrpc":"2.0","id":9,"result":{"watching":true}}`,
    element("9", "w"),
    closed("9", `"reason":"cancelled"`)
  ]],
  [
    "a call that is cancelled",
    `${ask("9", "daemon/pause")}{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":9}}\n`,
    [
      `{"jsonrpc":"2.0","id":9,"error":{"code":-32002,"message":"request cancelled"}}`
    ]
  ],
  [
    "1 and \"1\" are two requests",
    `${ask("1", "daemon/pause")}${ask(`"1"`)}{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}\n`,
    [
      `{"jsonrpc":"2.0","id":"1","result":${status}}`,
      `{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"request cancelled"}}`
    ]
  ],
  ["an id used again ends the stream without a word", `${watch("9", "a")}${watch("9", "b")}`, [
    `{"jsonrpc":"2.0","id":9,"result":{"watching":true}}`,
    element("9", "a"),
    `{"jsonrpc":"2.0","id":9,"result":{"watching":true}}`,
    element("9", "b")
  ]]
]

describe("ControlServer", () => {
  for (const [name, sent, answers] of table) {
    it.effect(name, () =>
      withServer(() =>
        Effect.gen(function*() {
          const wire = yield* Wire.connect
          yield* wire.send(sent)
          // The last question shows that nothing else was said in between.
          const got = yield* wire.lines(answers.length)
          yield* wire.send(ask("\"end\""))
          expect([...got, yield* wire.line]).toStrictEqual([
            ...answers,
            `{"jsonrpc":"2.0","id":"end","result":${status}}`
          ])
        })
      ))
  }

  it.effect("a decoding failure says which key, without category", () =>
    withServer(() =>
      Effect.gen(function*() {
        const wire = yield* Wire.connect
        yield* wire.send(ask("1", "subject/get", `{"id":7}`))
        const { error } = JSON.parse(yield* wire.line)
        expect(error.code).toBe(-32602)
        expect(error.data).toBeUndefined()
        expect(error.message).toContain("invalid params of subject/get")
        expect(error.message).toContain("[\"id\"]")
      })
    ))

  it.effect("frames may come in any pieces", () =>
    withServer(() =>
      Effect.gen(function*() {
        const wire = yield* Wire.connect
        for (const byte of ask("1") + ask("2")) yield* wire.send(byte)
        expect(yield* wire.lines(2)).toStrictEqual(
          ["1", "2"].map((id) => `{"jsonrpc":"2.0","id":${id},"result":${status}}`)
        )
      })
    ))

  /** A connection on which one request comes and nothing more. */
  const halfOpen = (request: string, write: Channel["write"]): Channel => {
    let unread = [new TextEncoder().encode(request)]
    const read = Effect.suspend(() => {
      const chunks = unread
      unread = []
      return chunks.length === 0 ? Effect.fail(new PeerClosed({ reason: "no more is sent" })) : Effect.succeed(chunks)
    })
    return { read, write }
  }

  it.effect("a client that sends no more and still reads gets its answer, however long that takes", () =>
    withServer(({ release }) =>
      Effect.gen(function*() {
        const control = yield* ControlServer
        const said: Array<string> = []
        const channel = halfOpen(ask("1", "daemon/pause"), (text) => Effect.sync(() => void said.push(text)))
        const serving = yield* Effect.forkChild(control.serve(channel))
        yield* TestClock.adjust("1 minute")
        expect(said.join("")).toBe("")
        yield* Deferred.succeed(release, undefined)
        yield* Fiber.join(serving)
        expect(said.join("")).toBe(`{"jsonrpc":"2.0","id":1,"result":{}}\n`)
      })
    ))

  it.effect("one that is gone ends what it asked for, a second later", () =>
    withServer((steering) =>
      Effect.gen(function*() {
        const control = yield* ControlServer
        const channel = halfOpen(ask("1", "daemon/pause"), () => Effect.fail(new PeerClosed({ reason: "EPIPE" })))
        const serving = yield* Effect.forkChild(control.serve(channel))
        yield* TestClock.adjust("999 millis")
        expect(steering.interrupted).toBe(0)
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(serving)
        expect(steering.interrupted).toBe(1)
      })
    ))

  it.effect("a last line that only the end of the connection ends is answered, too", () =>
    withServer(() =>
      Effect.gen(function*() {
        const control = yield* ControlServer
        const said: Array<string> = []
        const request = ask("1") + ask("2").trimEnd()
        yield* control.serve(halfOpen(request, (text) => Effect.sync(() => void said.push(text))))
        expect(said.join("")).toBe(["1", "2"].map((id) => `{"jsonrpc":"2.0","id":${id},"result":${status}}\n`).join(""))
      })
    ))

  it.effect("a frame beyond 16 MiB is refused, one below is not", () =>
    withServer(() =>
      Effect.gen(function*() {
        const wire = yield* Wire.connect
        yield* wire.send(ask("1", "daemon/status", JSON.stringify({ x: "x".repeat(16 * 1024 * 1024) })))
        yield* wire.send(ask("2", "daemon/status", JSON.stringify({ x: "x".repeat(15 * 1024 * 1024) })))
        expect(yield* wire.lines(2)).toStrictEqual([
          invalid("the frame has more than 16 MiB"),
          `{"jsonrpc":"2.0","id":2,"result":${status}}`
        ])
      })
    ))

  it.effect("a slow call does not hold up the next one", () =>
    withServer(({ release }) =>
      Effect.gen(function*() {
        const wire = yield* Wire.connect
        yield* wire.send(ask("1", "daemon/pause") + ask("2"))
        expect(yield* wire.line).toContain(`"id":2`)
        yield* Deferred.succeed(release, undefined)
        expect(yield* wire.line).toContain(`"id":1`)
      })
    ))

  it.effect("the streams of a client end with its connection", () =>
    withServer((steering) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const wire = yield* Scope.provide(Wire.connect, scope)
        yield* wire.send(watch("1", "w"))
        yield* wire.lines(2)
        expect(steering.interrupted).toBe(0)
        yield* Scope.close(scope, yield* Effect.exit(Effect.void))
        yield* Deferred.await(steering.interruption)
        expect(steering.interrupted).toBe(1)
      })
    ))

  it.effect("a client that does not read holds up nobody else, and is held back", () =>
    withServer((steering) =>
      Effect.gen(function*() {
        const control = yield* ControlServer
        const stuck = yield* channelPair
        const serving = yield* Effect.forkScoped(control.serve(stuck.server))
        yield* Effect.orDie(stuck.client.write(watch("1", "flood")))
        const wire = yield* Wire.connect
        for (let id = 0; id < 100; id++) {
          yield* wire.send(ask(String(id)))
          expect(yield* wire.line).toContain(`"id":${id},`)
        }
        expect(serving.pollUnsafe()).toBeUndefined()
        // A batch is a quarter of a MiB: one MiB of them waits to be written, one is being written, one is in the pipe.
        expect(steering.produced).toBeLessThan(16)
      })
    ))

  it.effect("more than 1024 requests in flight on one connection are refused", () =>
    withServer(() =>
      Effect.gen(function*() {
        const wire = yield* Wire.connect
        for (let id = 0; id < 1025; id++) yield* wire.send(ask(String(id), "daemon/pause"))
        const refusal = JSON.parse(yield* wire.line)
        expect(refusal.id).toBe(1024)
        expect(refusal.error.data).toStrictEqual({ category: "unavailable" })
      })
    ))
})
