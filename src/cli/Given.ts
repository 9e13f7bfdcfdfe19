/** The flags an operator gave, without those that were left out: what a request carries. */
import { Option } from "effect"

type Given<A extends Record<string, Option.Option<unknown>>> = {
  readonly [K in keyof A]?: A[K] extends Option.Option<infer Value> ? Value : never
}

export const given = <const A extends Record<string, Option.Option<unknown>>>(flags: A): Given<A> =>
  Object.fromEntries(
    Object.entries(flags).flatMap(([name, flag]) => Option.isSome(flag) ? [[name, flag.value]] : [])
  ) as Given<A>
