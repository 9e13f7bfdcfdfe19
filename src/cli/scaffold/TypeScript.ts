/** A plugin in TypeScript, with the SDK doing the protocol. */
import { purposeOf, type ScaffoldKind } from "./ScaffoldKinds.ts"
import { type TypeScriptBody, typeScriptKinds } from "./TypeScriptKinds.ts"

const head = (kind: ScaffoldKind, { effect, more = "", node = "", sdk }: Omit<TypeScriptBody, "body">): string =>
  `#!/usr/bin/env node
/** ${purposeOf[kind]}. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
${more}import { ${sdk} } from "animus/sdk"
import { ${effect} } from "effect"
${node}`

const tail = (kind: ScaffoldKind, name: string): string => `
const plugin = definePlugin({
  manifest: {
    name: ${JSON.stringify(name)},
    version: "0.1.0",
    plugin_kind: ${JSON.stringify(kind)},
    description: ${JSON.stringify(purposeOf[kind])}
  },
  serves
})

NodeRuntime.runMain(Effect.provide(serve(plugin), NodeStdio.layer), {
  // An open stdin would keep a plugin alive that was told to exit.
  teardown: (result) => Runtime.defaultTeardown(result, process.exit)
})
`

export const typeScript = (kind: ScaffoldKind, name: string): string => {
  const { body, ...imports } = typeScriptKinds[kind]
  return head(kind, imports) + "\n" + body + tail(kind, name)
}
