import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { InvalidInput } from "../../../schemas/errors/DaemonErrors.ts"
import { ControlClient } from "../../control/ControlClient.ts"
import { given } from "../Given.ts"
import { succeed } from "../Output.ts"
import { runId } from "../SharedFlags.ts"

const whether = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDefault(false), Flag.withDescription(description))

export const workflowAnswer = Command.make("answer", {
  id: runId,
  allow: whether("allow", "Say yes to a request for approval"),
  deny: whether("deny", "Say no to it"),
  answer: Flag.String("answer").pipe(Flag.optional, Flag.withDescription("What to say to a question")),
  message: Flag.String("message").pipe(Flag.optional, Flag.withDescription("What the agent is told beside it")),
  question: Flag.String("question").pipe(
    Flag.optional,
    Flag.withDescription("Which question, as workflow get shows it; found by itself where there is one")
  )
}, ({ allow, answer, deny, id, message, question }) =>
  Effect.gen(function*() {
    if (allow === deny && (allow || Option.isNone(answer))) {
      return yield* new InvalidInput({ detail: "say --allow, --deny, or --answer TEXT" })
    }
    const decision = allow ? { decision: "allow" as const } : deny ? { decision: "deny" as const } : {}
    const control = yield* ControlClient
    yield* control["agent/respond"]({
      workflow_id: id,
      response: { ...decision, ...given({ answer, message }) },
      ...given({ interaction_id: question })
    })
    yield* succeed({ id }, [`${id} has its answer. Follow it with: animus workflow watch ${id}`])
  })).pipe(Command.withDescription("Answer what the agent of a run asks"))
