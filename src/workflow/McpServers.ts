/** The `mcp_servers` section, and who is told of which server: those of an agent, and those that are bound to a phase. */
import type { McpServer } from "../../schemas/Workflow.ts"
import { AuthoredMcpBinding, AuthoredMcpServer } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { type Secrets, sourcesOf } from "./Secrets.ts"
import { idsOf, lookUp, type Table, tableOf } from "./Table.ts"
import { placeOf, type YamlTree } from "./YamlTree.ts"

export const readServers = (section: YamlTree | undefined, secrets: Secrets, findings: Findings): Table<McpServer> =>
  tableOf(section, (tree, id) => {
    const server = findings.decode(AuthoredMcpServer, tree)
    if (server === undefined) return undefined
    findings.unread(tree, Object.keys(AuthoredMcpServer.fields))
    const { args = [], command, env = {}, transport, url } = server
    const isReached = url !== undefined || (transport !== undefined && transport !== "stdio")
    if (isReached && url === undefined) {
      return findings.problem(tree.at, `mcp server "${id}" of transport ${transport} has no url`)
    }
    if (!isReached && (command === undefined || command.trim() === "")) {
      return findings.problem(tree.at, `mcp server "${id}" has no command`, "or a url, where it is reached by one")
    }
    return { ...server, ...sourcesOf([...args, ...Object.values(env)], secrets) }
  })

export interface Servers {
  readonly known: Table<McpServer>
  /** By phase. */
  readonly bound: Table<ReadonlyArray<string>>
}

const named = (
  names: ReadonlyArray<string> | undefined,
  tree: YamlTree,
  key: string,
  known: Table<McpServer>,
  findings: Findings
): ReadonlyArray<string> => {
  names?.forEach((name, at) => {
    if (lookUp(known, name) === undefined) findings.missing(placeOf(tree, [key, at]), "mcp server", name, idsOf(known))
  })
  return names ?? []
}

export const readBindings = (
  section: YamlTree | undefined,
  known: Table<McpServer>,
  findings: Findings
): Table<ReadonlyArray<string>> =>
  tableOf(section, (tree) => {
    const binding = findings.decode(AuthoredMcpBinding, tree)
    findings.unread(tree, Object.keys(AuthoredMcpBinding.fields))
    return binding && named(binding.servers, tree, "servers", known, findings)
  })

/** Whether the servers that an agent names are there. */
export const checkServers = (
  names: ReadonlyArray<string> | undefined,
  tree: YamlTree,
  known: Table<McpServer>,
  findings: Findings
): void => void named(names, tree, "mcp_servers", known, findings)

/** By the name that the section gives them; nothing where nobody named one. */
export const serversOf = (
  { bound, known }: Servers,
  phase: string,
  ofAgent: ReadonlyArray<string> = []
): Readonly<Record<string, McpServer>> | undefined => {
  const names = [...ofAgent, ...lookUp(bound, phase)?.value ?? []]
  const found = names.flatMap((name) => {
    const server = lookUp(known, name)
    return server?.value === undefined ? [] : [[server.id, server.value] as const]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}
