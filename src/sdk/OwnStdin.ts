/** Standard input of this process. While it is open Node does not end by itself, though the host has said `exit`. */
import { Context } from "effect"

const letGo = (): void => {
  const stdin: unknown = Reflect.get(Object(Reflect.get(globalThis, "process")), "stdin")
  const unref: unknown = Reflect.get(Object(stdin), "unref")
  // A file has none, and ends.
  if (typeof unref === "function") unref.call(stdin)
}

/** Called when the plugin is over: nothing that is still open there may keep the process. */
export class OwnStdin extends Context.Reference<() => void>("animus/sdk/OwnStdin", { defaultValue: () => letGo }) {}
