/**
 * Where work comes from: subjects of every kind, each served by the one plugin that claims the kind. Exact claim first,
 * then the longest glob; two claims on one kind fail loudly at start.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { InvalidInput } from "../../schemas/errors/DaemonErrors.ts"
import type { NoBackendForKind, PluginError } from "../../schemas/errors/PluginErrors.ts"
import type {
  CreateSubject,
  Subject,
  SubjectChangedEvent,
  SubjectFilter,
  SubjectList,
  SubjectPatch,
  SubjectStatus
} from "../../schemas/Subject.ts"

export type SubjectError = PluginError | NoBackendForKind | InvalidInput

export class SubjectRouter extends Context.Service<SubjectRouter, {
  /** `filter.kind` says which kinds; at least one. */
  readonly list: (filter: SubjectFilter) => Effect.Effect<SubjectList, SubjectError>
  /** The kind is the text before the first `:` of an id. */
  readonly get: (id: string) => Effect.Effect<Subject, SubjectError>
  readonly create: (subject: CreateSubject) => Effect.Effect<Subject, SubjectError>
  readonly update: (id: string, patch: SubjectPatch) => Effect.Effect<Subject, SubjectError>
  readonly setStatus: (id: string, status: SubjectStatus) => Effect.Effect<Subject, SubjectError>
  readonly next: (kind: string) => Effect.Effect<Subject | undefined, SubjectError>
  readonly watch: (
    kind: string,
    filter?: SubjectFilter
  ) => Effect.Effect<Stream.Stream<SubjectChangedEvent, SubjectError>, SubjectError, Scope.Scope>
  /** kind or glob -> plugin, as routed now. */
  readonly table: Effect.Effect<ReadonlyArray<{ readonly kind: string; readonly plugin: string }>>
}>()("animus/subject/SubjectRouter") {}
