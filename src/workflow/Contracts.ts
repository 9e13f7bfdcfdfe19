/** `output_contract`, `output_json_schema` and `decision_contract` of a phase, each brought to JSON Schemas that can be enforced. */
import { Result } from "effect"
import type { JsonObject } from "../../schemas/Json.ts"
import type { DecisionContract, OutputContract } from "../../schemas/Workflow.ts"
import type { AuthoredPhase, ContractFields } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { judgeOf } from "./JsonSchemas.ts"
import { placeOf, type YamlTree } from "./YamlTree.ts"

const schemaOfField = (field: ContractFields[string]): JsonObject => {
  if (typeof field === "string") return { type: field }
  const { required: _, ...schema } = field
  // `required: [a, b]` is JSON Schema's own.
  return Array.isArray(field["required"]) ? field : schema
}

const objectOf = (fields: ContractFields, required: ReadonlyArray<string>): JsonObject => {
  const demanded = Object.entries(fields).flatMap(([name, field]) =>
    typeof field !== "string" && field["required"] === true ? [name] : []
  )
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, schemaOfField(field)])),
    required: [...new Set([...required, ...demanded])]
  }
}

/** Told in its place when it cannot be enforced. */
const enforceable = (
  schema: JsonObject,
  tree: YamlTree,
  path: ReadonlyArray<string>,
  findings: Findings
): JsonObject | undefined => {
  const judge = judgeOf(schema)
  if (Result.isSuccess(judge)) return schema
  return findings.problem(
    placeOf(tree, path),
    `${path.join(".")} cannot be enforced: ${judge.failure}`,
    "JSON Schema of draft 2020-12, without conditions and outside references"
  )
}

export const readOutput = (phase: AuthoredPhase, tree: YamlTree, findings: Findings): OutputContract | undefined => {
  const { command, output_json_schema: authored } = phase
  const contract = phase.output_contract ??
    (command?.expected_result_kind === undefined ? undefined : { kind: command.expected_result_kind })
  if (contract === undefined && authored === undefined && command?.expected_schema === undefined) return undefined
  const own = authored && enforceable(authored, tree, ["output_json_schema"], findings)
  const expected = command?.expected_schema &&
    enforceable(command.expected_schema, tree, ["command", "expected_schema"], findings)
  const fields = contract &&
    enforceable(
      objectOf(contract.fields ?? {}, [
        ...(contract.kind === undefined ? [] : ["kind"]),
        ...contract.required_fields ?? []
      ]),
      tree,
      ["output_contract"],
      findings
    )
  const json_schemas = [fields, own, expected].filter((schema) => schema !== undefined)
  return { ...(contract?.kind === undefined ? {} : { kind: contract.kind }), json_schemas }
}

export const readDecisionContract = (
  { decision_contract: contract }: AuthoredPhase,
  tree: YamlTree,
  findings: Findings
): DecisionContract | undefined => {
  if (contract === undefined) return undefined
  const own = contract.extra_json_schema &&
    enforceable(contract.extra_json_schema, tree, ["decision_contract", "extra_json_schema"], findings)
  const fields = contract.fields &&
    enforceable(objectOf(contract.fields, []), tree, ["decision_contract", "fields"], findings)
  const extra = [fields, own].filter((schema) => schema !== undefined)
  return {
    min_confidence: contract.min_confidence ?? 0.6,
    max_risk: contract.max_risk ?? "medium",
    allow_missing_decision: contract.allow_missing_decision ?? true,
    required_evidence: contract.required_evidence ?? [],
    ...(extra.length === 0 ? {} : { extra_json_schemas: extra })
  }
}
