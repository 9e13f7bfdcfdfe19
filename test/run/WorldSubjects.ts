/** The one subject of a world, and what its backend does to those who ask for it. */
import { Effect, Layer } from "effect"
import { ConnectionLost, NoBackendForKind } from "../../schemas/errors/PluginErrors.ts"
import type { Subject, SubjectStatus } from "../../schemas/Subject.ts"
import { type SubjectError, SubjectRouter } from "../../src/subject/SubjectRouter.ts"

export class WorldSubjects {
  status: SubjectStatus = "ready"
  /** No status can be set. */
  change: "works" | "hangs" | "fails" = "works"
  /** So many times the backend dies before it answers. */
  deaths = 0
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
    return Effect.suspend(() => {
      if (this.deaths-- > 0) return Effect.fail(new ConnectionLost({ plugin: "default", detail: "killed" }))
      this.status = status ?? this.status
      return Effect.succeed(this.subject(id))
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
