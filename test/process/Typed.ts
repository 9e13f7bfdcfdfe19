/**
 * What an operator types, asked in this process: the parsing, the layers, the words and the exit code are those of `bin/animus`,
 * which costs a third of a second more to start. It brings no reference plugins of its own, and what it would start gets this process's
 * environment: `init`, `daemon start` and what starts a plugin are typed for real.
 */
import { ConfigProvider, Console, Effect, Layer } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { format } from "node:util"
import { assert } from "vitest"
import * as Cli from "../../layers/Cli.ts"
import manifest from "../../package.json" with { type: "json" }
import { Installation, type ReferencePlugin } from "../../src/cli/Installation.ts"
import { main } from "../../src/cli/Main.ts"

export interface Said {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** Both, as a terminal would show them. */
  readonly output: string
}

/** `env` is all that it sees of an environment; a command that works on a project names it with `--project-root`. */
export const typed = async (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>> = {},
  referencePlugins: ReadonlyArray<ReferencePlugin> = []
): Promise<Said> => {
  const said = { stdout: "", stderr: "", output: "" }
  const onto = (stream: "stdout" | "stderr") => (...words: ReadonlyArray<unknown>) => {
    const line = `${format(...words)}\n`
    said[stream] += line
    said.output += line
  }
  const heard: Console.Console = Object.assign(Object.create(console), { log: onto("stdout"), error: onto("stderr") })
  const around = Layer.mergeAll(
    Cli.ground,
    Layer.succeed(Installation, { version: manifest.version, self: ["animus"], referencePlugins, demoAgent: "" }),
    Layer.succeed(Console.Console, heard),
    Layer.succeed(TerminalCapabilities.TerminalCapabilities, { canColor: false, canAnimate: false, canPrompt: false }),
    ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))
  )
  const status = await Effect.runPromise(Effect.provide(main(args, manifest.version, Cli.layer), around))
  return { status, ...said }
}

interface Premises {
  readonly project: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Types in a project, such as a workplace is. */
export const operator = ({ env, project }: Premises) => {
  const type = (...args: ReadonlyArray<string>) => typed([...args, "--project-root", project], env)
  return {
    type,
    /** What a command that succeeds tells a program. */
    answer: async (...args: ReadonlyArray<string>) => {
      const { status, stderr, stdout } = await type(...args, "--json")
      assert.strictEqual(status, 0, stderr)
      return JSON.parse(stdout).data
    },
    /** Why a command fails: the failure's envelope on stderr, with nothing on stdout. */
    refusal: async (...args: ReadonlyArray<string>) => {
      const { status, stderr, stdout } = await type(...args, "--json")
      assert.strictEqual(stdout, "")
      const { error, ok, schema } = JSON.parse(stderr)
      assert.deepStrictEqual([schema, ok, error.exit_code], ["animus.cli.v1", false, status])
      return error
    }
  }
}
