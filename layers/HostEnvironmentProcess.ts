/**
 * HostEnvironment of this process, and `ANIMUS_STATE_DIR`, where plugins that ask for it keep what is theirs.
 * A cookie that was inherited is not passed on: it would make our children somebody else's.
 */
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { HostEnvironment, markVariables } from "../src/project/HostEnvironment.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"

const given = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || markVariables.has(name) ? [] : [[name, value]]
    )
  )

export const layer = Layer.effect(
  HostEnvironment,
  Effect.map(
    ProjectScope,
    ({ scopeDir }) => ({ env: { ...given(), ANIMUS_STATE_DIR: scopeDir }, cookie: scopeDir, generation: randomUUID() })
  )
)
