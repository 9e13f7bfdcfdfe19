/** Gives the benchmarks Effect as the programs are built with it. */
import { registerHooks } from "node:module"
import { CAPTURING, withoutAsyncContext } from "../build/WithoutAsyncContext.ts"

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    const { source } = loaded
    if (!CAPTURING.test(url) || source === null || source === undefined) return loaded
    const code = typeof source === "string" ? source : new TextDecoder().decode(source)
    return { ...loaded, source: withoutAsyncContext(code) }
  }
})
