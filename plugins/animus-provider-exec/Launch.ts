/** From a request to the command line it means. */
import { Effect, Schema } from "effect"
import { randomUUID } from "node:crypto"
import type { AgentRunRequest } from "../../schemas/Provider.ts"
import { LaunchTemplate } from "../../schemas/Workflow.ts"
import { PluginFailure } from "../../src/sdk/Sdk.ts"

export interface Launch {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Empty when the prompt is among the arguments. */
  readonly stdin: string
  /** The agent's own session, when it is known before the agent says so. */
  readonly session: string | undefined
  readonly sessionPattern: RegExp | undefined
}

const decodeTemplate = Schema.decodeUnknownEffect(LaunchTemplate)

const INHERITED: ReadonlySet<string> = new Set(
  ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "USER", "LOGNAME", "SHELL", "TERM", "ANIMUS_COOKIE"]
)
/** An agent that sees these believes that it runs inside another one, and refuses. */
const NESTING = /^CLAUDECODE$|^CLAUDE_CODE_(?:ENTRYPOINT|SSE_PORT)$/

const invalid = (message: string) => Effect.fail(new PluginFailure({ category: "invalid_request", message }))

const field = (u: unknown, key: string): unknown =>
  typeof u === "object" && u !== null && Object.hasOwn(u, key) ? Reflect.get(u, key) : undefined

const templateOf = (request: AgentRunRequest): Effect.Effect<LaunchTemplate, PluginFailure> => {
  const contract = request.runtime_contract
  const launch = field(field(contract, "cli"), "launch") ?? field(contract, "launch")
  if (launch === undefined) {
    return invalid("this provider needs a command: give the agent a `launch:` with `command` and `args`")
  }
  return Effect.catch(decodeTemplate(launch), (error) => invalid(`the agent's \`launch:\` is wrong: ${error.message}`))
}

const patternOf = (source: string | undefined): Effect.Effect<RegExp | undefined, PluginFailure> =>
  source === undefined
    ? Effect.undefined
    : Effect.try({
      try: () => new RegExp(source),
      catch: (cause) =>
        new PluginFailure({
          category: "invalid_request",
          message: `the agent's session_pattern is wrong: ${String(cause)}`
        })
    })

const asks = (args: ReadonlyArray<string>, name: string) => args.some((arg) => arg.includes(`{{${name}}}`))

/** Every placeholder at once, so that what a prompt quotes is never filled in. */
const fill = (args: ReadonlyArray<string>, values: Readonly<Record<string, string>>) =>
  args.map((arg) =>
    arg.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => Object.hasOwn(values, name) ? values[name] ?? "" : whole)
  )

const environment = (given: ReadonlyArray<Readonly<Record<string, string | undefined>>>) => {
  const env: Record<string, string> = {}
  for (const values of given) {
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined && !NESTING.test(name)) env[name] = value
    }
  }
  return env
}

const inherited = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => INHERITED.has(name)))

/** A run that is told its session id has a session of its own from the start, if it can be resumed at all. */
const sessionOf = (template: LaunchTemplate, own: string | undefined): string | undefined =>
  own ?? (template.resume_args !== undefined && asks(template.args, "session_id") ? randomUUID() : undefined)

export const launchOf = Effect.fnUntraced(function*(request: AgentRunRequest, own: string | undefined, id: string) {
  const template = yield* templateOf(request)
  const sessionPattern = yield* patternOf(template.session_pattern)
  const given = own === undefined ? template.args : template.resume_args
  if (given === undefined) {
    const message = `${template.command} cannot resume: its \`launch:\` has no resume_args`
    return yield* new PluginFailure({ category: "not_supported", message })
  }
  const { model = "", system_prompt = "" } = request
  const prompt = system_prompt === "" || asks(given, "system_prompt")
    ? request.prompt
    : `${system_prompt}\n\n${request.prompt}`
  const session = sessionOf(template, own)
  const args = fill(given, { prompt, model, system_prompt, session_id: session ?? id })
  const launch: Launch = {
    command: template.command,
    args: template.prompt === "argument" && !asks(given, "prompt") ? [...args, prompt] : args,
    env: environment([inherited(), request.env, template.env]),
    cwd: request.cwd,
    stdin: template.prompt === "stdin" ? prompt : "",
    session,
    sessionPattern
  }
  return launch
})
