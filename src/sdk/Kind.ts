/**
 * A part whose methods are a table of the wire: one typed function a method, named by what follows the slash. Params are
 * decoded before and results encoded after; what is optional and not named in `supports` is declined with -32001.
 */
import { Effect, type Scope } from "effect"
import type { Json } from "../../schemas/Json.ts"
import type { RequestId } from "../../schemas/JsonRpc.ts"
import { isOptionalMethod, type MethodTable, type OptionalMethod } from "../../schemas/MethodTable.ts"
import { answer, params } from "./Params.ts"
import type { Host, Method, Methods, Part } from "./Part.ts"
import type { PluginFailure } from "./PluginFailure.ts"

type Verb<M> = M extends `${string}/${infer V}` ? V : never
type Optional<T extends MethodTable> = Extract<keyof T, OptionalMethod>

type Serve<T extends MethodTable, M extends keyof T> = (
  params: T[M]["params"]["Type"],
  id: RequestId
) => Effect.Effect<T[M]["result"]["~type.make.in"], PluginFailure>

/** What the author writes: every required method, and those optional ones that `supports` names. */
export type Backend<T extends MethodTable> =
  & { readonly [M in Exclude<keyof T, Optional<T>> as Verb<M>]: Serve<T, M> }
  & { readonly [M in Optional<T> as Verb<M>]?: Serve<T, M> }
  & Pick<Methods, "health">

export interface KindOptions<T extends MethodTable> {
  /** Optional methods that are served; the backend must have each of them. */
  readonly supports?: ReadonlyArray<Verb<Optional<T>>>
  /** The `extra` of this kind's entry in `kind_capabilities`, for the kinds that have one. */
  readonly extra?: Json
  readonly open: (host: Host) => Effect.Effect<Backend<T>, PluginFailure, Scope.Scope>
}

export interface KindTraits extends Pick<Part, "detached" | "needsProject" | "streaming"> {
  /** The kind's name and version in `kind_capabilities`. */
  readonly listedAs?: { readonly kind: string; readonly version: string }
}

const serveOne = (
  wire: MethodTable[string],
  serve: (params: unknown, id: RequestId) => Effect.Effect<unknown, PluginFailure>
): Method => {
  const read = params(wire.params)
  const write = answer(wire.result)
  return (given, id) =>
    read(given).pipe(
      Effect.flatMap((asked) => serve(asked, id)),
      Effect.flatMap((result) => Effect.suspend(() => write(wire.result.make(result))))
    )
}

const verbOf = (method: string): string => method.slice(method.indexOf("/") + 1)

export const requestsOf = (table: MethodTable, served: ReadonlyArray<string>, backend: object): Methods["requests"] =>
  Object.fromEntries(served.map((method) => {
    const wire = table[method]
    const serve: unknown = Reflect.get(backend, verbOf(method))
    if (wire === undefined || typeof serve !== "function") {
      throw new Error(`the plugin says it serves ${method} and has no function for it`)
    }
    return [method, serveOne(wire, (given, id) => serve.call(backend, given, id))]
  }))

export const methodsOf = (table: MethodTable, supports: ReadonlyArray<string>) => {
  const all = Object.keys(table)
  const served = all.filter((method) => !isOptionalMethod(method) || supports.includes(verbOf(method)))
  return { served, declined: all.filter((method) => !served.includes(method)) }
}

/** The helper of one kind. */
export const kind =
  <const T extends MethodTable>(table: T, { listedAs, ...traits }: KindTraits = {}) =>
  ({ extra, open, supports = [] }: KindOptions<T>): Part => {
    const { declined, served } = methodsOf(table, supports)
    return {
      ...traits,
      capabilities: served,
      declines: declined,
      ...(listedAs === undefined ? {} : {
        kindCapabilities: {
          [listedAs.kind]: { crate_version: listedAs.version, ...(extra === undefined ? {} : { extra }) }
        }
      }),
      open: (host) =>
        Effect.map(open(host), (backend) => ({
          requests: requestsOf(table, served, backend),
          ...(backend.health === undefined ? {} : { health: backend.health })
        }))
    }
  }
