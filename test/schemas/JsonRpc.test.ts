import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  ErrorCode,
  failure,
  isCompatibleProtocol,
  isFailure,
  isNotification,
  isRequest,
  isResponse,
  isSuccess,
  notification,
  PROTOCOL_VERSION,
  request,
  success
} from "../../schemas/JsonRpc.ts"

const parsed = (line: string): unknown => JSON.parse(line)

describe("frames", () => {
  it("are written as the wire wants them", () => {
    expect(JSON.stringify(request(1, "$/ping"))).toBe(`{"jsonrpc":"2.0","id":1,"method":"$/ping"}`)
    expect(JSON.stringify(request("a", "task/get", { id: "task:1" })))
      .toBe(`{"jsonrpc":"2.0","id":"a","method":"task/get","params":{"id":"task:1"}}`)
    expect(JSON.stringify(request(2, "daemon/status", null)))
      .toBe(`{"jsonrpc":"2.0","id":2,"method":"daemon/status","params":null}`)
    expect(JSON.stringify(notification("initialized"))).toBe(`{"jsonrpc":"2.0","method":"initialized"}`)
    expect(JSON.stringify(success(1, undefined))).toBe(`{"jsonrpc":"2.0","id":1,"result":null}`)
    expect(JSON.stringify(success(1, {}))).toBe(`{"jsonrpc":"2.0","id":1,"result":{}}`)
    expect(JSON.stringify(failure(null, { code: ErrorCode.ParseError, message: "not JSON" })))
      .toBe(`{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not JSON"}}`)
  })

  it.prop("every frame is taken for what it is and nothing else", {
    id: Schema.Union([Schema.String, Schema.Finite]),
    method: Schema.String,
    value: Schema.Json
  }, ({ id, method, value }) => {
    const all = [
      request(id, method, value),
      notification(method, value),
      success(id, value),
      failure(id, { code: -32603, message: method, data: value })
    ].map((frame) => parsed(JSON.stringify(frame)))
    const seen = all.map((frame) => [isRequest, isNotification, isSuccess, isFailure].map((is) => is(frame)))
    expect(seen).toEqual([
      [true, false, false, false],
      [false, true, false, false],
      [false, false, true, false],
      [false, false, false, true]
    ])
  })

  it("that are none are refused", () => {
    const none = [null, 1, "x", [], {}, { id: 1 }, { id: null, method: "m" }, { id: true, result: 1 }, {
      id: 1,
      error: "x"
    }]
    for (const frame of none) {
      expect([isRequest(frame), isNotification(frame), isResponse(frame)]).toEqual([false, false, false])
    }
    expect(isFailure(parsed(`{"jsonrpc":"2.0","error":{"code":-32700,"message":"parse"}}`))).toBe(true)
  })
})

describe("protocol version", () => {
  it("fits when the major is ours", () => {
    for (const version of [PROTOCOL_VERSION, "1.0.0", "1.9.3", "1.2.0-rc.1"]) {
      expect([version, isCompatibleProtocol(version)]).toEqual([version, true])
    }
  })
  it("does not fit otherwise, nor when it is no semver", () => {
    for (const version of ["0.9.0", "2.0.0", "1", "1.0", "v1.0.0", "", "one", "1.0.0 "]) {
      expect([version, isCompatibleProtocol(version)]).toEqual([version, false])
    }
  })
})
