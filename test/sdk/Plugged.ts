/** A plugin on in-memory pipes, and the host's side of them in a test's hands. */
import { Effect, Fiber } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"
import { type Plugin, run } from "../../src/sdk/Sdk.ts"
import { makeWire } from "../rpc/Wire.ts"

export const hello = (extra: object = {}) => ({
  protocol_version: "1.1.0",
  host_info: { name: "animus", version: "0.1.0" },
  capabilities: { streaming: true, progress: true, cancellation: true },
  ...extra
})

export const plug = Effect.fnUntraced(function*(plugin: Plugin) {
  const wire = yield* makeWire
  const plugged = yield* Effect.forkScoped(run(plugin, { stdin: wire.pipes.read, write: wire.pipes.write }))
  /** Sends one request and takes the next frame, whatever it is. */
  const ask = (id: string | number, method: string, params?: object): Effect.Effect<JsonObject> =>
    Effect.andThen(wire.send({ id, method, ...(params === undefined ? {} : { params }) }), wire.take)
  const call = Effect.fnUntraced(function*(method: string, params?: object) {
    const { id: _, jsonrpc: __, ...answer } = yield* ask(method, method, params)
    return answer
  })
  const begin = Effect.fnUntraced(function*(extra?: object) {
    yield* ask(0, "initialize", hello(extra))
    yield* wire.send({ method: "initialized" })
  })
  return { ...wire, ask, call, begin, ended: Fiber.await(plugged) }
})

/** Code and category of an answer that is an error. */
export const refusal = ({ error }: JsonObject): readonly [unknown, unknown] => {
  const at = (value: unknown, key: string): unknown =>
    typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined
  return [at(error, "code"), at(at(error, "data"), "category")]
}
