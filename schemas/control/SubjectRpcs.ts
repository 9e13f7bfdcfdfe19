/** `subject/*` (control protocol, subject methods). */
import { Schema } from "effect"
import { Rpc, RpcGroup } from "effect/rpc"
import { maybe } from "../Json.ts"
import {
  CreateSubject,
  SetSubjectStatus,
  Subject,
  SubjectChangedEvent,
  SubjectFilter,
  SubjectId,
  UpdateSubject,
  WatchSubjects
} from "../Subject.ts"
import { ControlError } from "./ControlError.ts"
import { watch } from "./Watch.ts"

/** One page of subjects; here `fetched_at` is always there (control protocol, subject methods). */
export const SubjectPage = Schema.Struct({
  subjects: Schema.Array(Subject),
  next_cursor: maybe(Schema.String),
  fetched_at: Schema.String
})
export type SubjectPage = typeof SubjectPage.Type

export class SubjectRpcs extends RpcGroup.make(
  Rpc.make("subject/list", {
    payload: { filter: maybe(SubjectFilter) },
    success: SubjectPage,
    error: ControlError
  }),
  Rpc.make("subject/get", { payload: SubjectId.fields, success: Subject, error: ControlError }),
  Rpc.make("subject/create", { payload: CreateSubject.fields, success: Subject, error: ControlError }),
  Rpc.make("subject/update", { payload: UpdateSubject.fields, success: Subject, error: ControlError }),
  Rpc.make("subject/next", {
    payload: { kind: maybe(Schema.String) },
    success: Schema.Struct({ subject: maybe(Subject) }),
    error: ControlError
  }),
  Rpc.make("subject/status", { payload: SetSubjectStatus.fields, success: Subject, error: ControlError }),
  watch("subject/watch", {
    payload: WatchSubjects.fields,
    notification: "subject/changed",
    element: SubjectChangedEvent
  })
) {}
