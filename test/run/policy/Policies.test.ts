import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { Evals } from "../../../schemas/Workflow.ts"
import { addUsage, exceeded, nothingUsed, strictest, usageOf } from "../../../src/run/policy/Budget.ts"
import { evalOutcome, judgePassed } from "../../../src/run/policy/Evals.ts"
import { continuationsOf, mayFailOver, mayRetry, retryDelay, targetsOf } from "../../../src/run/policy/Retry.ts"
import { allowsTool, globMatches } from "../../../src/run/policy/ToolPolicy.ts"
import { branchOf, wantsWorktree, worktreeOf } from "../../../src/run/policy/Worktree.ts"
import { agent, workflow } from "../World.ts"

describe("a budget", () => {
  it("counts what the provider said was used", () => {
    const tokens_used = { input: 10, output: 5, cached: 8 }
    const used = usageOf({ tokens_used, metadata: [{ total_cost_usd: 0.5 }, { cost_usd: 0.25 }, "x", null, [1]] })
    assert.deepStrictEqual(used, { tokens: 15, cost_usd: 0.5 })
    assert.deepStrictEqual(usageOf({}), nothingUsed)
    assert.deepStrictEqual(addUsage(used, used), { tokens: 30, cost_usd: 1 })
  })

  it("may be used up, and not more; the strictest of several decides", () => {
    const tokens = { max_tokens: 10, on_exceed: "warn" as const }
    const cost = { max_cost_usd: 1, on_exceed: "fail" as const }
    assert.isUndefined(exceeded(tokens, { tokens: 10, cost_usd: 99 }, "run"))
    assert.deepStrictEqual(exceeded(tokens, { tokens: 11, cost_usd: 0 }, "run"), {
      action: "warn",
      reason: "run has used 11 tokens of 10"
    })
    const used = { tokens: 11, cost_usd: 1.5 }
    assert.strictEqual(
      strictest([exceeded(tokens, used, "run"), undefined, exceeded(cost, used, "phase \"a\"")])?.reason,
      "phase \"a\" has cost $1.50 of $1.00"
    )
    assert.isUndefined(exceeded(undefined, used, "run"))
    assert.isUndefined(strictest([undefined]))
  })
})

describe("a retry", () => {
  it.each([[0, 0], [1, 2], [2, 3], [3, 4], [4, 6], [5, 7], [500, 7]])("try %d begins after %d s", (n, seconds) => {
    assert.strictEqual(retryDelay({ initial_secs: 2, factor: 1.5, max_secs: 7 }, n), seconds)
  })

  it("never waits less than nothing, more than its longest, or a part of a second", () => {
    const number = fc.double({ min: 0.001, max: 1e12, noNaN: true })
    fc.assert(
      fc.property(
        number,
        number,
        fc.option(number, { nil: undefined }),
        fc.nat(10_000),
        (initial_secs, factor, max, n) => {
          const delay = retryDelay({ initial_secs, factor, ...(max === undefined ? {} : { max_secs: max }) }, n)
          assert.isTrue(Number.isSafeInteger(delay))
          assert.isAtLeast(delay, 0)
          assert.isAtMost(delay, max ?? 31_536_000)
        }
      ),
      { numRuns: 10_000 }
    )
  }, 300_000)

  it("happens for what may pass, unless the author says otherwise", () => {
    assert.isTrue(mayRetry(undefined, "transient"))
    assert.isFalse(mayRetry(undefined, "unknown"))
    assert.isTrue(mayRetry({ retry_on: ["unknown"] }, "unknown"))
    assert.isFalse(mayRetry({ retry_on: ["unknown"] }, "transient"))
    assert.isFalse(mayRetry({ retry_on: ["transient"], no_retry_on: ["transient"] }, "transient"))
    assert.isTrue(mayFailOver("target_unavailable"))
    assert.isFalse(mayFailOver("transient"))
  })

  const targets = (more: Parameters<typeof agent>[1]) =>
    targetsOf(agent("a", more)).map(({ model, tool }) => `${tool}/${model}`)

  it("goes through the targets in order, each once, no model at a tool that cannot run it", () => {
    assert.deepStrictEqual(targets({ tool: "claude", model: "claude-x" }), ["claude/claude-x"])
    assert.deepStrictEqual(
      targets({
        tool: "claude",
        model: "claude-x",
        runtime: { fallback_models: [{ model: "gpt-5" }, { model: "claude-x" }, { model: "m", tool: "own" }] }
      }),
      ["claude/claude-x", "codex/gpt-5", "own/m"]
    )
    assert.deepStrictEqual(
      targets({ tool: "exec", model: "a", runtime: { fallback_models: [{ model: "b" }], fallback_tools: ["other"] } }),
      ["exec/a", "other/a", "exec/b", "other/b"]
    )
    assert.deepStrictEqual(targets({ tool: "exec" }), ["exec/undefined"])
  })

  it("asks a session again only for what a contract demands", () => {
    assert.strictEqual(continuationsOf(agent("a")), 0)
    assert.strictEqual(continuationsOf(agent("a", { output: { json_schemas: [] } })), 3)
    assert.strictEqual(
      continuationsOf(agent("a", { output: { json_schemas: [] }, runtime: { max_continuations: 0 } })),
      0
    )
  })
})

describe("a tool policy", () => {
  it("allows all, or what it names, and never what it denies", () => {
    assert.isTrue(allowsTool(undefined, "Bash"))
    assert.isTrue(allowsTool({ allow: [], deny: ["Web*"] }, "Bash"))
    assert.isFalse(allowsTool({ allow: ["*"], deny: ["Web*"] }, "WebFetch"))
    assert.isTrue(allowsTool({ allow: ["mcp__*__get", "Read"], deny: [] }, "mcp__github__get"))
    assert.isFalse(allowsTool({ allow: ["mcp__*__get", "Read"], deny: [] }, "mcp__github__get_all"))
  })

  it("matches as a regular expression would, without its cost", () => {
    const glob = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 6 })
    fc.assert(
      fc.property(glob, fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 8 }), (glob, name) => {
        const pattern = glob.split("*").map((part) => part.replaceAll(".", "\\.")).join(".*")
        assert.strictEqual(globMatches(glob, name), new RegExp(`^${pattern}$`).test(name))
      }),
      { numRuns: 10_000 }
    )
    assert.isFalse(globMatches("*a".repeat(1000) + "b", "a".repeat(100_000)))
  }, 300_000)
})

describe("evals", () => {
  const check = (id: string) => ({
    id,
    kind: "command" as const,
    command: "npm",
    args: [],
    working_dir: ".",
    timeout_secs: 1,
    expected_exit: 0
  })
  const evals = (more: Partial<Evals> = {}): Evals => ({
    pass_threshold: 1,
    on_fail: "rework",
    max_reworks: 1,
    checks: [check("a"), check("b")],
    ...more
  })
  const results = [{ id: "a", passed: true, said: "" }, { id: "b", passed: false, said: "no" }]

  it("pass with enough of their checks, and rework only within their budget", () => {
    assert.strictEqual(evalOutcome(evals({ pass_threshold: 0.5 }), results, 0)._tag, "Passed")
    assert.deepStrictEqual(evalOutcome(evals(), results, 0), {
      _tag: "Rework",
      reason: "1 of 2 checks passed; not these:\nb: no"
    })
    assert.strictEqual(evalOutcome(evals(), results, 1)._tag, "Block")
    assert.strictEqual(evalOutcome(evals({ on_fail: "block" }), results, 0)._tag, "Block")
    assert.strictEqual(evalOutcome(evals(), [], 0)._tag, "Rework")
  })

  it("whose judge could not be asked send nobody back, unless the others are enough to", () => {
    const asked = { id: "a", passed: true, said: "yes" }
    const unanswered = { id: "b", passed: false, said: "busy", unanswered: true as const }
    assert.strictEqual(evalOutcome(evals(), [asked, unanswered], 0)._tag, "Block")
    assert.strictEqual(evalOutcome(evals(), [{ ...asked, passed: false }, unanswered], 0)._tag, "Rework")
  })

  it.each([["PASS", true], [" PASS: good", true], ["PASSED", false], ["pass", false], ["I say PASS", false]])(
    "a judge that says %j",
    (answer, passed) => assert.strictEqual(judgePassed(answer), passed)
  )
})

describe("a worktree", () => {
  it("is what the phase says, then its workflow, then none", () => {
    const required = { mode: "required" as const, cleanup: true }
    const skip = { mode: "skip" as const, cleanup: true }
    const plain = workflow(agent("a"))
    assert.deepStrictEqual(worktreeOf(plain, agent("a")), skip)
    assert.deepStrictEqual(worktreeOf({ ...plain, worktree: required }, agent("a")), required)
    assert.deepStrictEqual(worktreeOf({ ...plain, worktree: required }, agent("a", { worktree: skip })), skip)
    assert.isTrue(wantsWorktree(required, false))
    assert.isFalse(wantsWorktree({ mode: "auto", cleanup: true }, false))
    assert.isFalse(wantsWorktree(skip, true))
  })

  it.each([
    ["task:TASK-1", "animus/task-TASK-1"],
    ["../../etc", "animus/etc-"],
    ["-x.lock", "animus/x-"],
    ["a..b", "animus/a.b-"],
    ["é", "animus/subject-"]
  ])(
    "of %j is on branch %s",
    (subject, branch) => assert.match(branchOf(subject), new RegExp(`^${branch}[0-9a-f]{0,8}$`))
  )

  it("is another one for every subject", () => {
    assert.strictEqual(new Set(["a/b", "a-b", "a b", "a:b/", "A-b"].map(branchOf)).size, 5)
  })
})
