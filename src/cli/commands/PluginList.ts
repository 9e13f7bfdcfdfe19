import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { kindsText, lockHint, shortHash } from "../render/PluginText.ts"
import { sanitizeLine } from "../Sanitize.ts"
import { table } from "../Table.ts"

export const pluginList = Command.make("list", {
  kind: Flag.String("kind").pipe(Flag.optional, Flag.withDescription("Only plugins of this kind"))
}, (flags) =>
  Effect.gen(function*() {
    const control = yield* ControlClient
    const listing = yield* control["plugin/list"]({ include_warnings: true, ...given(flags) })
    const rows = listing.plugins.map((plugin) => [
      plugin.name,
      plugin.version,
      kindsText(plugin),
      plugin.source,
      plugin.lock_state,
      plugin.artifact_sha256 === undefined ? undefined : shortHash(plugin.artifact_sha256),
      plugin.signature_status
    ])
    const warnings = listing.warnings ?? []
    yield* succeed(listing, [
      ...rows.length > 0
        ? table(["NAME", "VERSION", "KIND", "SOURCE", "LOCK", "HASH", "SIGNATURE"], rows)
        : warnings.length > 0
        ? ["no plugins; this is what was in the way:"]
        : ["no plugins. Install the reference ones with: animus init"],
      ...listing.plugins.flatMap(lockHint),
      ...warnings.map(({ message, plugin }) => `skipped ${plugin}: ${sanitizeLine(message)}`)
    ])
  })).pipe(Command.withDescription("List plugins, and why others were skipped"))
