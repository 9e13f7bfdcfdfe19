/** Workflow files as texts, compiled. */
import { assert } from "@effect/vitest"
import { Result } from "effect"
import { renderProblem } from "../../schemas/errors/RunErrors.ts"
import { workflowTemplate } from "../../src/cli/WorkflowTemplate.ts"
import { compileProject } from "../../src/workflow/Compile.ts"

export const compile = (texts: Record<string, string>, env: Record<string, string> = {}) =>
  compileProject(Object.entries(texts).map(([file, text]) => ({ file, text })), (name) => env[name])

export const one = (text: string, env?: Record<string, string>) => compile({ "w.yaml": text }, env)
export const succeed = (text: string, env?: Record<string, string>) => {
  const result = one(text, env)
  if (Result.isSuccess(result)) return result.success
  return assert.fail(result.failure.map(renderProblem).join("\n"))
}
export const problems = (texts: string | Record<string, string>, env?: Record<string, string>) => {
  const result = compile(typeof texts === "string" ? { "w.yaml": texts } : texts, env)
  return Result.isSuccess(result) ? [] : result.failure.map(renderProblem)
}

export const template = workflowTemplate({ agent: ["my-agent", "--fast"], test: ["npm", "test"] })

export const small = (phase: string, entry = "it", more = "") => `
agents: { coder: { tool: exec }, toolless: { description: nobody asks it } }
phases:
  it: { ${phase} }
  other: { mode: manual, manual: { instructions: look } }
workflows:
  - id: w
    phases: [${entry}, other]
${more}`
