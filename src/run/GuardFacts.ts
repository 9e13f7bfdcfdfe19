/** What the conditions of a workflow can ask about: the subject, the run's input and variables, how often phases were entered, what was decided. Pure. */
import type { Subject, SubjectDispatch } from "../../schemas/Subject.ts"
import type { PhaseDecision, WorkflowDefinition } from "../../schemas/Workflow.ts"
import type { Facts } from "../workflow/guard/Evaluate.ts"
import { own } from "../workflow/Own.ts"

export interface Asked {
  readonly definition: WorkflowDefinition
  readonly dispatch: SubjectDispatch
  readonly subject: Subject | undefined
  readonly vars: Readonly<Record<string, string>>
  readonly reworks: Readonly<Record<string, number>>
}

interface Moment {
  /** Of the phase whose condition it is: the attempt that is about to begin, or has concluded. */
  readonly attempt: number
  readonly decision: PhaseDecision | undefined
}

/** Fields of the language's first form, which stand alone. */
const bareFields = ({ dispatch, subject }: Asked): Facts => ({
  subject_kind: subject?.kind ?? dispatch.subject.kind,
  subject_id: subject?.id ?? dispatch.subject.id,
  priority: subject?.priority ?? subject?.custom["priority"],
  status: subject?.native_status ?? subject?.status,
  task_type: subject?.custom["task_type"] ?? dispatch.subject.metadata["task_type"]
})

const subjectOf = ({ dispatch, subject }: Asked): Facts => ({
  custom: dispatch.subject.metadata,
  ...dispatch.subject,
  ...subject
})

export const factsOf = (asked: Asked, { attempt, decision }: Moment): Facts => ({
  ...bareFields(asked),
  subject: subjectOf(asked),
  vars: asked.vars,
  input: asked.dispatch.input,
  attempt,
  reworks: Object.fromEntries(asked.definition.phases.map(({ id }) => [id, own(asked.reworks, id) ?? 0])),
  decision
})
