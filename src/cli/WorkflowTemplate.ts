/** The first workflow of a new project, with the operator's own agent and test command filled in. */
import { stringify } from "yaml"

export interface TemplateAnswers {
  /** A program that reads a prompt on stdin, with its arguments. */
  readonly agent: ReadonlyArray<string>
  /** The command that tells whether the work is good, with its arguments. */
  readonly test: ReadonlyArray<string>
}

const quoted = (text: string): string => stringify(text).trim()
const list = (items: ReadonlyArray<string>): string => `[${items.map(quoted).join(", ")}]`

export const workflowTemplate = ({ agent, test }: TemplateAnswers): string =>
  `# What Animus does with a task: plan, implement, test, and a person's word at the end.
# After every edit of this file: animus trust
default_workflow_ref: standard

# Programs that command phases may run.
tools_allowlist: ${list([(test[0] ?? "").split("/").at(-1) ?? ""])}

agents:
  coder:
    tool: exec # the provider plugin animus-provider-exec
    launch:
      command: ${quoted(agent[0] ?? "")}
      args: ${list(agent.slice(1))}
      prompt: stdin

phases:
  plan:
    mode: agent
    agent: coder
    directive: Read the task and the files, then say in a few lines what you will change. Change nothing yet.
    idempotency: idempotent
  implement:
    mode: agent
    agent: coder
    directive: Do the task by changing the files of this repository.
    idempotency: idempotent
  test:
    mode: command
    idempotency: idempotent
    command:
      program: ${quoted(test[0] ?? "")}
      args: ${list(test.slice(1))}
      timeout_secs: 300
  review:
    mode: manual
    manual:
      instructions: Read the change, then approve or reject it.

workflows:
  - id: standard
    phases:
      - plan
      - implement
      - test:
          on_verdict:
            rework: { target: implement } # a failing test goes back, with its output as context
      - review
`
