/** The files of a new plugin: it works as it stands, and passes `animus plugin test`. */
import { javaScript } from "./JavaScript.ts"
import { python } from "./Python.ts"
import { purposeOf, type ScaffoldKind } from "./ScaffoldKinds.ts"
import { typeScript } from "./TypeScript.ts"

export const scaffoldLanguages = ["ts", "js", "python"] as const
export type ScaffoldLanguage = (typeof scaffoldLanguages)[number]

export interface ScaffoldFile {
  readonly name: string
  readonly text: string
  readonly executable: boolean
}

interface Language {
  readonly entry: string
  readonly write: (kind: ScaffoldKind, name: string) => string
  readonly needs: string
}

const languages: { readonly [L in ScaffoldLanguage]: Language } = {
  ts: { entry: "main.ts", write: typeScript, needs: "Node 24 on the PATH, and `npm install` once" },
  js: { entry: "main.mjs", write: javaScript, needs: "Node 20 or newer on the PATH, and nothing else" },
  python: { entry: "main.py", write: python, needs: "Python 3.8 or newer on the PATH, and nothing else" }
}

/** What the templates in TypeScript import; `animus` is the copy that wrote them. */
const dependencies = (home: string) => ({ "@effect/platform-node": "4.1.0", animus: `file:${home}`, effect: "4.1.0" })
/** A link to that copy would bring its own `effect` beside the plugin's. */
const npmrc = "install-links=true\n"

const json = (value: unknown): string => JSON.stringify(value, null, 2) + "\n"

const readme = (kind: ScaffoldKind, name: string, { entry, needs }: Language): string =>
  `# ${name}

${purposeOf[kind]}. A plugin of kind \`${kind}\` for animus; the code is in \`${entry}\`. It needs ${needs}.

Ask it everything the protocol says, after every change:

    animus plugin test .

Use it:

    animus plugin install --path .
`

const file = (name: string, text: string): ScaffoldFile => ({ name, text, executable: false })

export const scaffold = (
  kind: ScaffoldKind,
  name: string,
  language: ScaffoldLanguage,
  home: string
): ReadonlyArray<ScaffoldFile> => {
  const how = languages[language]
  const described = {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    bin: `./${how.entry}`,
    scripts: { test: "animus plugin test ." },
    ...(language === "ts" ? { dependencies: dependencies(home) } : {})
  }
  return [
    { name: how.entry, text: how.write(kind, name), executable: true },
    file("animus-plugin.json", json({ entry: how.entry })),
    ...(language === "python" ? [] : [file("package.json", json(described))]),
    ...(language === "ts" ? [file(".npmrc", npmrc)] : []),
    file("README.md", readme(kind, name, how))
  ]
}
