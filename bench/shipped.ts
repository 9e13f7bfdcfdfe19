/** Gives the benchmarks what the programs have: Effect as they are built with it, and streams that read ahead. */
import { registerHooks } from "node:module"
import { CAPTURING, withoutAsyncContext } from "../build/WithoutAsyncContext.ts"
import { readAhead } from "../layers/ReadAhead.ts"

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    const { source } = loaded
    if (!CAPTURING.test(url) || source === null || source === undefined) return loaded
    const code = typeof source === "string" ? source : new TextDecoder().decode(source)
    return { ...loaded, source: withoutAsyncContext(code) }
  }
})

readAhead()
