/**
 * The whole program of a plugin: the switches that every plugin has, a friendly line for a person who starts it by hand, and
 * the protocol on standard input and output. Logs go to standard error.
 */
import { Effect, Logger, Runtime, Schema, Stdio, Stream } from "effect"
import { PluginManifest } from "../../schemas/PluginManifest.ts"
import { OwnStdin } from "./OwnStdin.ts"
import { answer } from "./Params.ts"
import type { Plugin } from "./Plugin.ts"
import { run } from "./Run.ts"

/** Someone started the plugin in a terminal; the usage was printed. */
export class StartedByHand extends Schema.TaggedError<StartedByHand>()("StartedByHand", {}) {
  override readonly [Runtime.errorExitCode] = 2
  override readonly [Runtime.errorReported] = false
}

const encodeManifest = answer(PluginManifest)

const usage = ({ manifest }: Plugin) =>
  `${manifest.name} ${manifest.version}: ${manifest.description}\n\n` +
  `A plugin of kind ${manifest.plugin_kind}: the animus daemon starts it and speaks JSON-RPC on its stdin and stdout.\n` +
  `  ${manifest.name} --manifest, -m   print what it offers, as JSON\n` +
  `  ${manifest.name} --help, -h       print this\n\n` +
  `To use it: animus plugin install --path FILE; to ask it everything the protocol says: animus plugin test FILE\n`

export const serve = Effect.fnUntraced(function*(plugin: Plugin) {
  const stdio = yield* Stdio.Stdio
  const args = yield* stdio.args
  const print = (text: string) => Stream.run(Stream.make(text), stdio.stdout())
  if (args.includes("--manifest") || args.includes("-m")) {
    return yield* print(JSON.stringify(yield* encodeManifest(plugin.manifest)) + "\n")
  }
  if (args.includes("--help") || args.includes("-h")) return yield* print(usage(plugin))
  if (yield* stdio.stdinIsTerminal) {
    yield* Stream.run(Stream.make(usage(plugin)), stdio.stderr())
    return yield* new StartedByHand()
  }
  const letGo = yield* OwnStdin
  yield* Effect.ensuring(run(plugin, { stdin: stdio.stdin, write: print }), Effect.sync(letGo))
}, Effect.provideService(Logger.LogToStderr, true))
