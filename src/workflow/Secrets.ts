/** The `secrets` section: values that no definition, journal or record holds, named by the environment variable they come from. */
import type { SecretSource } from "../../schemas/Workflow.ts"
import { AuthoredSecret } from "../../schemas/WorkflowYaml.ts"
import type { Findings } from "./Findings.ts"
import { type Lookup, secretNames } from "./Interpolate.ts"
import { parseYaml } from "./ParseYaml.ts"
import { idsOf, lookUp, type Table, tableOf } from "./Table.ts"
import { entriesOf, fieldOf, itemsOf, textOf, type YamlMap, type YamlTree } from "./YamlTree.ts"

export type Secrets = Table<SecretSource>

export const readSecrets = (section: YamlTree | undefined, findings: Findings): Secrets =>
  tableOf(section, (tree) => {
    const secret = findings.decode(AuthoredSecret, tree)
    findings.unread(tree, Object.keys(AuthoredSecret.fields))
    return secret && { env: secret.env, required: secret.required ?? true }
  })

const referencesIn = (tree: YamlTree): ReadonlyArray<{ readonly name: string; readonly tree: YamlTree }> => {
  if (tree._tag === "List") return itemsOf(tree).flatMap(referencesIn)
  if (tree._tag === "Map") return entriesOf(tree).flatMap(({ value }) => referencesIn(value))
  return typeof tree.value === "string" ? secretNames(tree.value).map((name) => ({ name, tree })) : []
}

/** Every secret that is named is declared, and every one that has to have a value has one. */
export const checkSecrets = (root: YamlMap, secrets: Secrets, lookup: Lookup, findings: Findings): void => {
  for (const { name, tree } of root.entries.flatMap(({ value }) => referencesIn(value))) {
    const found = lookUp(secrets, name)
    if (found === undefined) findings.missing(tree.at, "secret", name, idsOf(secrets))
    if (found?.value?.required !== true || lookup(found.value.env) !== undefined) continue
    findings.problem(
      tree.at,
      `secret "${name}" has no value: environment variable ${found.value.env} is not set`,
      "set it, or say required: false"
    )
  }
}

/** The sources of the secrets that these texts name; nothing when they name none. */
export const sourcesOf = (
  texts: ReadonlyArray<string>,
  secrets: Secrets
): { readonly secrets?: Readonly<Record<string, SecretSource>> } => {
  const named = [...new Set(texts.flatMap(secretNames))].flatMap((name) => {
    const source = lookUp(secrets, name)?.value
    return source === undefined ? [] : [[name, source] as const]
  })
  return named.length === 0 ? {} : { secrets: Object.fromEntries(named) }
}

/** The environment variables that the secrets of these files come from. */
export const secretVariables = (files: ReadonlyArray<{ readonly file: string; readonly text: string }>) =>
  files.filter(({ text }) => text.includes("secrets:")).flatMap(({ file, text }) =>
    entriesOf(fieldOf(parseYaml(file, text, () => "").tree, "secrets")).flatMap(({ value }) =>
      textOf(fieldOf(value, "env")) ?? []
    )
  )
