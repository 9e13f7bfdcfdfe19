/** What a rogue says reaches the terminal of its operator as text, and as nothing else. */
import { assert, it } from "@effect/vitest"
import { afterEach } from "vitest"
import { fixture } from "../plugin/Workshop.ts"
import { until } from "../referencePluginsHost.ts"
import { operator } from "../Typed.ts"
import { askingOnce, Workplace } from "../Workplace.ts"

const NAME = "animus-plugin-escaping"

/** Control characters but the line's end and the tab, line separators, and what turns text around. */
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

let place: Workplace | undefined
afterEach(() => place?.end())

it("speaks-in-escapes: is stripped of them in errors, lists and logs", async () => {
  const here = new Workplace(askingOnce)
  place = here
  here.install(NAME, fixture("speaks-in-escapes"), fixture("speak"))
  here.start()
  const { type } = operator(here)
  const call = ["plugin", "call", "--name", NAME, "--method", "work"]
  const refused = here.animus(...call)
  assert.isAbove(refused.status ?? 0, 0)
  assert.include(refused.stderr, "rm -rf")
  assert.notMatch(refused.stdout + refused.stderr, UNPRINTABLE)
  await until("its words are in the log", () => here.log.includes("rm -rf"))
  assert.include((await type("logs", "--plugin", NAME)).stdout, "rm -rf")
  const commands = [[...call, "--json"], ["logs"], ["logs", "--plugin", NAME], ["plugin", "list"], [
    "plugin",
    "info",
    NAME
  ], ["plugin", "status"]]
  for (const command of commands) {
    const { stderr, stdout } = await type(...command)
    assert.notMatch(stdout + stderr, UNPRINTABLE, command.join(" "))
  }
}, 300_000)
