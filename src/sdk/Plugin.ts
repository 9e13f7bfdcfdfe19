/** What a plugin is: who it is (its manifest) and what it serves (its parts). */
import { PROTOCOL_VERSION } from "../../schemas/JsonRpc.ts"
import { PluginManifest } from "../../schemas/PluginManifest.ts"
import type { Part } from "./Part.ts"
import { together } from "./Parts.ts"

export interface Plugin {
  readonly manifest: PluginManifest
  readonly part: Part
}

type Identity = Omit<typeof PluginManifest["~type.make.in"], "capabilities" | "protocol_version">

export interface PluginDefinition {
  readonly manifest: Identity & { readonly capabilities?: ReadonlyArray<string> }
  /** Several parts make a plugin of several kinds. */
  readonly serves: Part | ReadonlyArray<Part>
}

const isList = (serves: Part | ReadonlyArray<Part>): serves is ReadonlyArray<Part> => Array.isArray(serves)

/** The manifest's capabilities are those of the parts it serves, and what is named in addition. */
export const definePlugin = ({ manifest, serves }: PluginDefinition): Plugin => {
  const part = isList(serves) ? together(serves) : serves
  const capabilities = [...part.capabilities, ...manifest.capabilities ?? [], "cancellation", "health/check"]
  return {
    manifest: PluginManifest.make({
      ...manifest,
      protocol_version: PROTOCOL_VERSION,
      capabilities: [...new Set(capabilities)]
    }),
    part
  }
}
