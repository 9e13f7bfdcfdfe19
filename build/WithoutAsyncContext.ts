/**
 * Effect keeps Node's async context for whoever has an `AsyncLocalStorage`: an object more at every wait of every fiber, a
 * fifth of what a call to a plugin costs. No program of ours has one, so theirs is built without.
 */
const CAPTURED = "globalThis.process?.getBuiltinModule?.(\"node:async_hooks\")?.AsyncResource"

/** The one module that captures it. */
export const CAPTURING = /effect[\\/]dist[\\/]internal[\\/]effect\.js$/

export const withoutAsyncContext = (code: string): string => {
  if (!code.includes(CAPTURED)) {
    throw new Error(
      "Effect captures the async context otherwise than it did: see captureAsyncContext in its internal/effect"
    )
  }
  return code.replace(CAPTURED, "undefined")
}
