/** The scratch repository of the demo: a small program whose own tests fail, the task about it, and the workflow that mends it. */

/** `pace` is how long the agent rests after each thing it tries, in milliseconds, so that a person can watch. */
export interface DemoAgent {
  readonly program: string
  readonly ledger: string
  readonly pace: number
}

export const task = {
  title: "sum gives wrong totals",
  body: "The totals of src/stats.js are wrong: `sum([1, 2, 3])` should be `6`. Mend the program, not its tests."
}

const stats = `export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 1
}

export const sum = (values) => values.reduce((total, value) => total - value, 0)

export const mean = (values) => values.length === 0 ? 0 : sum(values) / values.length
`

const tests = `import { mean, median, sum } from "../src/stats.js"

const checks = [
  ["sum([1, 2, 3])", sum([1, 2, 3]), 6],
  ["sum([])", sum([]), 0],
  ["mean([2, 4])", mean([2, 4]), 3],
  ["median([3, 1, 2])", median([3, 1, 2]), 2],
  ["median([4, 1, 3, 2])", median([4, 1, 3, 2]), 2.5]
]

const failed = checks.filter(([, actual, expected]) => !Object.is(actual, expected))
for (const [expression, actual, expected] of failed) {
  console.error(\`FAILED: \\\`\${expression}\\\` should be \\\`\${expected}\\\`, but is \${actual}\`)
}
console.log(\`\${checks.length - failed.length} passed, \${failed.length} failed\`)
process.exitCode = failed.length === 0 ? 0 : 1
`

const workflows = ({ ledger, pace, program }: DemoAgent) =>
  `default_workflow_ref: repair
tools_allowlist: [node]

agents:
  mender:
    tool: exec
    launch:
      command: node
      args: ${JSON.stringify([program, "--pace", String(pace), "--ledger", ledger])}
      prompt: stdin

phases:
  plan:
    mode: agent
    agent: mender
    directive: Read the task and the files, then say how you will go about it. Change nothing yet.
    idempotency: idempotent
    decision_contract: {}
  implement:
    mode: agent
    agent: mender
    directive: Mend the program by changing the files under src.
    idempotency: idempotent
    decision_contract: {}
  test:
    mode: command
    idempotency: idempotent
    command: { program: node, args: [test/stats.test.js], timeout_secs: 30 }
  review:
    mode: manual
    manual:
      instructions: Read the change, then approve or reject it.

workflows:
  - id: repair
    phases:
      - plan
      - implement
      - test: { on_verdict: { rework: { target: implement } } }
      - review
`

export const projectFiles = (agent: DemoAgent): ReadonlyArray<readonly [path: string, content: string]> => [
  ["package.json", `{ "name": "stats", "type": "module", "scripts": { "test": "node test/stats.test.js" } }\n`],
  ["src/stats.js", stats],
  ["test/stats.test.js", tests],
  [".animus/workflows.yaml", workflows(agent)]
]
