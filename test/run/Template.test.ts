import { assert, describe, it } from "@effect/vitest"
import type { SubjectDispatch } from "../../schemas/Subject.ts"
import { project } from "../../src/run/RunState.ts"
import { fillIn, templateValues } from "../../src/run/Template.ts"
import { agent, dispatch, run, workflow } from "./World.ts"

const filled = (text: string, more: Partial<SubjectDispatch>) => {
  const event = {
    _tag: "RunStarted" as const,
    definition: workflow(agent("a")),
    definition_hash: "h",
    dispatch: { ...dispatch, ...more },
    vars: { branch: "main", dispatch_input: "mine" }
  }
  const state = project(run, [{ sequence: 1, at: "2026-01-01T00:00:00.000Z", event }]) ?? assert.fail("no run")
  return fillIn(text, templateValues(state, { phase: "a", projectRoot: "/p", cwd: "/p/sub" }))
}

const subject = { ...dispatch.subject, metadata: { trigger: "hook", size: { big: true } } }

describe("{{name}}", () => {
  it.each<[string, Partial<SubjectDispatch>, string]>([
    ["{{branch}} {{vars.branch}} {{ execution_cwd }}", {}, "main main /p/sub"],
    ["{{subject.custom.size.big}}", { subject }, "true"],
    ["{{trigger.payload.pr.number}}", { subject, input: { pr: { number: 7 } } }, "7"],
    ["{{trigger.payload.n}}", { subject, input: { own: 1, webhook_payload: { n: [1, 2] } } }, "[1,2]"],
    ["{{input.own}}", { input: { own: "x" } }, "x"],
    [
      "{{trigger.payload.n}} {{nothing}} {{input.a.b}}",
      { input: { n: 1 } },
      "{{trigger.payload.n}} {{nothing}} {{input.a.b}}"
    ],
    ["{{input.a}}", { input: { a: "{{branch}}" } }, "{{branch}}"]
  ])("%s", (text, more, expected) => assert.strictEqual(filled(text, more), expected))
})
