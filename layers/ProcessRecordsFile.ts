/** ProcessRecords as one small file a process, in the scope's folder. */
import { Effect, FileSystem, Layer, Option, Path, Schema } from "effect"
import { readFileSync } from "node:fs"
import { Traces } from "../src/project/Family.ts"
import { ProcessRecords } from "../src/project/ProcessRecords.ts"
import { ProjectScope } from "../src/project/ProjectScope.ts"

const FOLDER = "processes"

const Record = Schema.fromJsonString(Schema.Struct({ boot: Schema.String, traces: Traces }))
const encode = Schema.encodeUnknownEffect(Record)
const decode = Schema.decodeUnknownEffect(Record)

/** Pids and start times begin anew with each boot. */
const bootOf = Effect.try(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()).pipe(
  Effect.orElseSucceed(() => "")
)

export const layer = Layer.effect(
  ProcessRecords,
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { join } = yield* Path.Path
    const { scopeDir } = yield* ProjectScope
    const boot = yield* bootOf
    const folder = join(scopeDir, FOLDER)
    const fileOf = ({ pid, startTime }: Traces) => join(folder, `${pid}-${startTime}.json`)

    const keep = Effect.fnUntraced(
      function*(traces: Traces) {
        const file = fileOf(traces)
        yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 })
        yield* fs.writeFileString(`${file}.new`, yield* encode({ boot, traces }), { mode: 0o600 })
        yield* fs.rename(`${file}.new`, file)
      },
      Effect.catch(({ message }) => Effect.logWarning(`a daemon after this one may not know its processes: ${message}`))
    )

    /** What cannot be read is none of this boot: the kernel kept no process of it either. */
    const read = Effect.fnUntraced(function*(name: string) {
      const file = join(folder, name)
      const record = yield* Effect.option(Effect.flatMap(fs.readFileString(file), decode))
      if (Option.isSome(record) && record.value.boot === boot) return [record.value.traces]
      yield* Effect.ignore(fs.remove(file, { force: true }))
      return []
    })

    return {
      keep,
      drop: (traces) => Effect.ignore(fs.remove(fileOf(traces), { force: true })),
      all: fs.readDirectory(folder).pipe(
        Effect.orElseSucceed((): ReadonlyArray<string> => []),
        Effect.flatMap((names) => Effect.forEach(names.filter((name) => name.endsWith(".json")), read)),
        Effect.map((found) => found.flat())
      )
    }
  })
)
