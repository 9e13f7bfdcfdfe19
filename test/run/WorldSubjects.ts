/** The one subject of a world, and what its backend does to those who ask for it. */
import { Effect, Layer } from "effect"
import { ConnectionLost, NoBackendForKind } from "../../schemas/errors/PluginErrors.ts"
import type { Subject, SubjectStatus } from "../../schemas/Subject.ts"
import { type SubjectError, SubjectRouter } from "../../src/subject/SubjectRouter.ts"

const died = new ConnectionLost({ plugin: "default", detail: "killed" })

export class WorldSubjects {
  status: SubjectStatus = "ready"
  /** No status can be set. */
  change: "works" | "hangs" | "fails" = "works"
  /** So many times the backend dies before it answers; then this comes first. */
  deaths = 0
  afterwards: Effect.Effect<void> = Effect.void
  /** Once this status is set it dies, once, before it says so. */
  diesAfter: SubjectStatus | undefined
  asked = 0
  private readonly log: Array<string>

  constructor(log: Array<string>) {
    this.log = log
  }

  readonly layer = Layer.mock(SubjectRouter, {
    get: (id) => this.answered(id),
    setStatus: (id, status) =>
      Effect.suspend((): Effect.Effect<Subject, SubjectError> => {
        this.log.push(`subject ${status}`)
        if (this.change === "hangs") return Effect.never
        if (this.change === "fails") return Effect.fail(new NoBackendForKind({ kind: id, known: [] }))
        return this.answered(id, status)
      }),
    backendOf: (kind) => Effect.succeed(kind === "task" ? "default" : undefined)
  })

  private answered(id: string, status?: SubjectStatus) {
    return Effect.gen({ self: this }, function*() {
      this.asked++
      if (this.deaths-- > 0) return yield* died
      yield* this.afterwards
      this.status = status ?? this.status
      if (status !== undefined && status === this.diesAfter) {
        this.diesAfter = undefined
        return yield* died
      }
      return this.subject(id)
    })
  }

  private subject(id: string): Subject {
    return {
      id,
      kind: "task",
      title: "Mend add",
      description: "add(1, 1) is 3",
      status: this.status,
      labels: [],
      children: [],
      attachments: [],
      custom: {},
      created_at: "",
      updated_at: ""
    }
  }
}
