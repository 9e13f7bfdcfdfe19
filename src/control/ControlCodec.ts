/**
 * Params, results and stream elements of each method, between JSON and what handlers and callers hold. A method's codec is
 * built when it is first used: a command line asks for one or two of them.
 */
import { Context, type Exit, Schema } from "effect"
import { type Rpc, type RpcGroup, RpcSchema } from "effect/rpc"
import { ControlApi } from "../../schemas/control/ControlApi.ts"
import { NotificationMethod } from "../../schemas/control/Watch.ts"

export type ControlRpc = RpcGroup.Rpcs<typeof ControlApi>
export type ControlMethod = ControlRpc["_tag"]
/** What the elements of any stream are. */
export type ControlElement = ControlRpc extends infer R ? R extends ControlRpc ? Rpc.SuccessChunk<R> : never : never
type Decoded<A> = Exit.Exit<A, Schema.SchemaError>

interface ParamsCodec {
  readonly method: ControlMethod
  readonly decodeParams: (params: unknown) => Decoded<Rpc.Payload<ControlRpc>>
  readonly encodeParams: (params: unknown) => unknown
}

export interface CallCodec extends ParamsCodec {
  readonly _tag: "Call"
  readonly encode: (result: unknown) => Decoded<unknown>
  readonly decode: (result: unknown) => Decoded<Rpc.SuccessExit<ControlRpc>>
}

/** The first element answers the request; later ones travel under `notification`. */
export interface StreamCodec extends ParamsCodec {
  readonly _tag: "Stream"
  readonly notification: string
  readonly encode: (element: unknown) => Decoded<unknown>
  readonly decode: (element: unknown) => Decoded<ControlElement>
}

export type MethodCodec = CallCodec | StreamCodec

const build = (rpc: ControlRpc): MethodCodec => {
  const params = {
    method: rpc._tag,
    decodeParams: Schema.decodeUnknownExit(rpc.payloadSchema),
    encodeParams: Schema.encodeUnknownSync(rpc.payloadSchema)
  }
  const success = rpc.successSchema
  if (RpcSchema.isStreamSchema(success)) {
    return {
      ...params,
      _tag: "Stream",
      notification: Context.get(rpc.annotations, NotificationMethod),
      encode: Schema.encodeUnknownExit(success.success),
      decode: Schema.decodeUnknownExit(success.success)
    }
  }
  return {
    ...params,
    _tag: "Call",
    encode: Schema.encodeUnknownExit(success),
    decode: Schema.decodeUnknownExit(success)
  }
}

const built = new Map<string, MethodCodec>()

/** Undefined when there is no such method. */
export const codecOf = (method: string): MethodCodec | undefined => {
  const known = built.get(method)
  if (known !== undefined) return known
  const rpc = ControlApi.requests.get(method)
  if (rpc === undefined) return undefined
  const codec = build(rpc)
  built.set(method, codec)
  return codec
}

export const controlMethods: ReadonlyArray<string> = Array.from(ControlApi.requests.keys())
