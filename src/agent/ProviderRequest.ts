/** What is sent to a provider for a session: the request, the ids, and at the last moment the values of env references. */
import { Effect, Schema } from "effect"
import type { Json } from "../../schemas/Json.ts"
import type { AgentRunRequest } from "../../schemas/Provider.ts"
import { SecretSource } from "../../schemas/Workflow.ts"
import { resolveArgs, resolveEnv, type SecretSources } from "../workflow/ResolveEnv.ts"
import type { AgentSession } from "./AgentSession.ts"

const Env = Schema.Record(Schema.String, Schema.String)
const isEnv = Schema.is(Env)
const isArgs = Schema.is(Schema.Array(Schema.String))
const isSources: (value: unknown) => value is SecretSources = Schema.is(Schema.Record(Schema.String, SecretSource))
const isObject = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `runtime_contract.cli.launch`, as the workflow wrote it, with its references and secrets resolved; anything else as it is. */
const resolveContract = Effect.fnUntraced(function*(contract: Json) {
  if (!isObject(contract) || !isObject(contract["cli"]) || !isObject(contract["cli"]["launch"])) return contract
  const { cli } = contract
  const { launch } = contract["cli"]
  const { secrets = {}, ...told } = launch
  if (!isEnv(told["env"]) || !isSources(secrets)) return contract
  const { args, resume_args } = told
  const resolved = {
    ...told,
    env: yield* resolveEnv(told["env"], secrets),
    ...(isArgs(args) ? { args: yield* resolveArgs(args, secrets) } : {}),
    ...(isArgs(resume_args) ? { resume_args: yield* resolveArgs(resume_args, secrets) } : {})
  }
  return { ...contract, cli: { ...cli, launch: resolved } }
})

/** The servers of tools that a workflow names, each with its references and secrets resolved; anything else as it is. */
const resolveServers = Effect.fnUntraced(function*(servers: Json) {
  if (!isObject(servers)) return servers
  const resolved: Record<string, Json> = {}
  for (const [name, server] of Object.entries(servers)) {
    if (!isObject(server)) resolved[name] = server
    else {
      const { secrets = {}, ...told } = server
      if (!isSources(secrets)) resolved[name] = server
      else {
        const { args, env } = told
        resolved[name] = {
          ...told,
          ...(isEnv(env) ? { env: yield* resolveEnv(env, secrets) } : {}),
          ...(isArgs(args) ? { args: yield* resolveArgs(args, secrets) } : {})
        }
      }
    }
  }
  return resolved
})

/** Seconds: what a session may take when its request does not say. */
const defaultTimeout = 1800

export const timeoutOf = ({ timeout_secs }: AgentRunRequest): number => timeout_secs ?? defaultTimeout

export const requestFor = Effect.fnUntraced(function*({ request, resume, session }: AgentSession) {
  const contract = request.runtime_contract
  return {
    ...request,
    control_session_id: session,
    timeout_secs: timeoutOf(request),
    env: yield* resolveEnv(request.env),
    ...(resume === undefined ? {} : { session_id: resume }),
    ...(request.mcp_servers === undefined ? {} : { mcp_servers: yield* resolveServers(request.mcp_servers) }),
    ...(contract === undefined ? {} : { runtime_contract: yield* resolveContract(contract) })
  }
})
