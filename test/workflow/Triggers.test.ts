import { assert, describe, it } from "@effect/vitest"
import { problems, small, succeed } from "./Compiled.ts"

const withTriggers = (triggers: string) =>
  small("mode: manual, manual: { instructions: look }", "it", `triggers:\n${triggers}`)

describe("triggers", () => {
  it("are compiled with their defaults, whatever the plugin is told about them as it stands", () => {
    const { triggers, warnings } = succeed(withTriggers(`
  - { id: a, type: plugin, workflow_ref: w }
  - { id: b, type: webhook, workflow_ref: w, enabled: false, config: { depth: [1, { x: null }] }, input: { y: 1 } }
`))
    assert.deepStrictEqual(JSON.parse(JSON.stringify(triggers)), [
      { id: "a", type: "plugin", enabled: true, workflow_ref: "w", config: null },
      { id: "b", type: "webhook", enabled: false, workflow_ref: "w", config: { depth: [1, {}] }, input: { y: 1 } }
    ])
    assert.deepStrictEqual(warnings, [])
  })

  it("are told apart from mistakes, each in its place", () => {
    const found = problems(withTriggers(`
  - { id: a, type: pluginn, workflow_ref: w }
  - { id: b, type: plugin }
  - { id: c, type: plugin, workflow_ref: nowhere }
  - { id: c, type: plugin, workflow_ref: w }
`))
    assert.deepStrictEqual(found.map((text) => text.replace(/ \(.*/, "")), [
      "w.yaml:11:20: type should be \"plugin\" or \"webhook\" or \"github_webhook\" or \"file_watcher\"",
      "w.yaml:12:5: workflow_ref is missing",
      "w.yaml:13:42: no workflow is named \"nowhere\"",
      "w.yaml:14:5: trigger \"c\" is defined twice"
    ])
  })
})
