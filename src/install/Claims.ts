/**
 * What a plugin may not claim when it is installed: a kind of subjects that another installed plugin claims, since neither
 * would be served, and a tool whose name everybody knows, unless that is what is wanted. What an earlier release of it claimed
 * is no news. Goes by what plugins said when they were installed; nothing is executed.
 */
import { Effect } from "effect"
import { InstallRefused, KindTaken } from "../../schemas/errors/InstallErrors.ts"
import type { LockedPlugin, PluginLedger } from "../../schemas/PluginLock.ts"
import { type PluginManifest, providerToolsOf, subjectKindsOf } from "../../schemas/PluginManifest.ts"
import { findLocked } from "../lock/Ledger.ts"
import { claimantsOf, claimsOf } from "../plugin/KindClaims.ts"
import { rememberedManifest } from "../plugin/ManifestProbe.ts"

const PROVIDER = "animus-provider-"

/** Whoever reads `tool: claude` in a workflow thinks of that program, and gives it what it needs. */
export const reservedTools = ["claude", "codex", "gemini", "opencode", "oai", "oai-runner"] as const

const isReserved = (tool: string): boolean => reservedTools.some((reserved) => reserved === tool)

const remembered = Effect.fnUntraced(function*({ artifact_sha256, name }: LockedPlugin) {
  const manifest = yield* rememberedManifest(artifact_sha256)
  return manifest === undefined ? [] : [{ name, manifest }]
})

export const rememberedOf = (plugins: ReadonlyArray<LockedPlugin>) =>
  Effect.map(Effect.forEach(plugins, remembered), (found) => found.flat())

/** Claimed by several of these, with their names. */
export const contestedAmong = Effect.fnUntraced(function*({ plugins }: PluginLedger) {
  const claimants = claimantsOf(claimsOf(yield* rememberedOf(plugins)))
  return [...claimants].filter(([, names]) => names.length > 1)
})

interface Newcomer {
  /** What it will be called. */
  readonly name: string
  readonly manifest: PluginManifest
  readonly mayShadow: boolean
}

const toolsOf = ({ manifest, name }: Pick<Newcomer, "manifest" | "name">): ReadonlyArray<string> =>
  [...providerToolsOf(manifest), ...(name.startsWith(PROVIDER) ? [name.slice(PROVIDER.length)] : [])]
    .map((tool) => tool.trim().toLowerCase())

const checkTools = (newcomer: Newcomer, before: ReadonlyArray<Pick<Newcomer, "manifest" | "name">>) => {
  const had = before.flatMap(toolsOf)
  const tool = toolsOf(newcomer).find((tool) => isReserved(tool) && !had.includes(tool))
  return tool === undefined || newcomer.mayShadow
    ? Effect.void
    : Effect.fail(
      new InstallRefused({
        what: newcomer.name,
        detail: `it would serve the tool ${tool}, a name that is kept for the program that everybody knows by it`,
        fix: "If that is what you want: --allow-shadow-builtin"
      })
    )
}

export const checkClaims = Effect.fnUntraced(function*(ledger: PluginLedger, newcomer: Newcomer) {
  const { manifest, name } = newcomer
  const now = findLocked(ledger, name)
  const before = now === undefined ? [] : yield* remembered(now)
  yield* checkTools(newcomer, before)
  const had = before.flatMap(({ manifest }) => subjectKindsOf(manifest))
  const kinds = subjectKindsOf(manifest).filter((kind) => !had.includes(kind))
  const others = yield* rememberedOf(ledger.plugins.filter((plugin) => plugin.name !== name))
  const taken = claimsOf(others).find(({ kind }) => kinds.includes(kind))
  if (taken !== undefined) return yield* new KindTaken({ plugin: name, kind: taken.kind, holder: taken.plugin })
})
