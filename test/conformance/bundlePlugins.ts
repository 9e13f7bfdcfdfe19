/** Bundles plugins into `<folder>/bundled/<name>.mjs`. Arguments: the folder, and a JSON object of names and their sources. */
import { chmodSync } from "node:fs"
import { join } from "node:path"
import { argv } from "node:process"
import { rolldown } from "rolldown"

const root = join(import.meta.dirname, "..", "..")
const [folder = "", inputs = ""] = argv.slice(2)
const input: Record<string, string> = JSON.parse(inputs)
const dir = join(folder, "bundled")

const built = await rolldown({
  input,
  platform: "node",
  logLevel: "warn",
  resolve: {
    alias: { "animus/sdk": join(root, "src/sdk/Sdk.ts"), "animus/schemas": join(root, "schemas") },
    extensions: [".ts", ".js"]
  },
  // As in every build of ours: what a plugin does not use must not cost it a start.
  treeshake: { moduleSideEffects: false }
})
const names = { entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" }
const { output } = await built.write({ dir, format: "esm", ...names })
for (const one of output) {
  if (one.type === "chunk" && one.code.startsWith("#!")) chmodSync(join(dir, one.fileName), 0o755)
}
