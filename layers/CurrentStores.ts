/**
 * Which of a project's session stores have all of its history: the one that its last daemon used, and those to which that one
 * was copied since. Any other would bring back what has ended, and begin again what was finished. For whoever holds the lock.
 */
import { Effect, Option, Schema } from "effect"
import * as Path from "node:path"
import { ConfigInvalid } from "../schemas/errors/DaemonErrors.ts"
import { DurableStoreKind } from "../src/project/DaemonConfig.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"
import { readIfThere, replaceFile } from "./DurableFile.ts"

const Text = Schema.fromJsonString(Schema.NonEmptyArray(DurableStoreKind))
const decode = Schema.decodeUnknownOption(Text)
const encode = Schema.encodeSync(Text)

const fileIn = (scopeDir: string): string => Path.join(scopeDir, "daemon", "session-stores.json")

/** Undefined in a project of an earlier release, and where it cannot be read: it only guards against a slip. */
const current = (path: string) =>
  Effect.map(
    readIfThere(path),
    (bytes) => bytes === undefined ? undefined : Option.getOrUndefined(decode(bytes.toString("utf8")))
  )

const behind = (
  projectDir: string,
  path: string,
  kind: DurableStoreKind,
  [last]: readonly [DurableStoreKind, ...ReadonlyArray<DurableStoreKind>]
) =>
  new ConfigInvalid({
    path: `${projectDir}/config.json`,
    detail:
      `its session_store is "${kind}", but the last daemon of this project kept its runs in "${last}", and "${kind}" ` +
      `lacks what they did there. Either set it to "${last}", or copy them: animus session-store migrate --from ${last} ` +
      `--to ${kind}. To go on without them: rm ${path}`
  })

/** From now on this one alone has everything; refused where it lacks something. */
export const beCurrent = Effect.fn("CurrentStores.beCurrent")(function*(kind: DurableStoreKind) {
  const { projectDir, scopeDir } = yield* ProjectScope
  const path = fileIn(scopeDir)
  const known = yield* current(path)
  if (known !== undefined && !known.includes(kind)) return yield* behind(projectDir, path, kind, known)
  if (known?.length !== 1) yield* replaceFile(path, encode([kind]))
})

/** Has everything as well, if the one it was copied from had. */
export const copied = Effect.fn("CurrentStores.copied")(function*(from: DurableStoreKind, to: DurableStoreKind) {
  const { scopeDir } = yield* ProjectScope
  const path = fileIn(scopeDir)
  const known = (yield* current(path)) ?? [from]
  if (known.includes(from) && !known.includes(to)) yield* replaceFile(path, encode([...known, to]))
})
