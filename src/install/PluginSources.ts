/**
 * Where plugins come from. Fetching puts a tree into an empty folder and names the program in it; nothing of it is
 * executed, install scripts included.
 */
import { Context, type Effect } from "effect"
import type { StateFolderUnusable } from "../../schemas/errors/DaemonErrors.ts"
import type { InstallFailed, InstallRefused, TreeRefused } from "../../schemas/errors/InstallErrors.ts"
import type { PluginSourceKind } from "../../schemas/PluginLock.ts"

export type PluginSpec =
  /** Absolute; a file, or a folder that says what to start. */
  | { readonly kind: "path"; readonly path: string }
  /** An executable, or a gzipped tar of a folder, with the SHA-256 of exactly those bytes. */
  | { readonly kind: "url"; readonly url: string; readonly sha256: string }
  /** `NAME`, `NAME@VERSION` or `NAME@RANGE`. */
  | { readonly kind: "npm"; readonly spec: string }

export interface Fetched {
  readonly source_kind: PluginSourceKind
  readonly source: string
  /** Of what an address gave. */
  readonly source_sha256?: string
  /** What is started, relative to the folder. */
  readonly entry: string
  readonly pinned: boolean
  /** A signature that lay beside the artefact, and the bytes it is about. */
  readonly signed?: { readonly artifact: Uint8Array; readonly bundle: string }
}

export type FetchError = InstallFailed | InstallRefused | TreeRefused | StateFolderUnusable

export class PluginSources extends Context.Service<PluginSources, {
  readonly fetch: (spec: PluginSpec, folder: string) => Effect.Effect<Fetched, FetchError>
}>()("animus/install/PluginSources") {}

export const namedIn = (spec: PluginSpec): string =>
  spec.kind === "path" ? spec.path : spec.kind === "url" ? spec.url : spec.spec
