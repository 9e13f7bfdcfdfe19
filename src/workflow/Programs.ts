/** Which programs a project may have executed, and where. */
import type { PhaseContext } from "./PhaseContext.ts"
import { suggest } from "./Suggest.ts"
import type { Place } from "./YamlTree.ts"

/** Programs that command phases may run without a word in `tools_allowlist`. */
export const builtInPrograms: ReadonlyArray<string> =
  "bash bun cargo deno dotnet git go gradle just make mvn node npm npx pnpm pytest python python3 sh tsc uv yarn".split(
    " "
  )

export const basename = (program: string): string => program.split(/[/\\]/).at(-1) ?? ""

export const checkProgram = (program: string, at: Place, { findings, programs }: PhaseContext): void => {
  const name = basename(program)
  if (programs.has(name.toLowerCase())) return
  const known = suggest(name, [...programs])
  const hint = `add it to tools_allowlist${known?.startsWith("did") === true ? `; ${known}` : ""}`
  findings.problem(at, `program "${name}" is not allowed in command phases`, hint)
}
