/** Flags that every command takes. */
import { Flag, GlobalFlag } from "effect/cli"

export const Json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Print one machine-readable JSON envelope")
  )
})

export const ProjectRoot = GlobalFlag.Setting("project-root")({
  flag: Flag.String("project-root").pipe(
    Flag.withMetavar("PATH"),
    Flag.optional,
    Flag.withDescription("The project to work on (default: the git repository around this folder)")
  )
})
