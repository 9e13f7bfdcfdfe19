/** The documents of this project, their fenced blocks, and what a block says about itself. The one place that reads Markdown. */
import { globSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"

export const root = resolve(import.meta.dirname, "../..")

export interface Snippet {
  readonly document: string
  /** Of its first line of text, counted from 1. */
  readonly line: number
  readonly language: string
  /** `file=` of the fence: what a reader would call it, `~` being the home. */
  readonly file: string | undefined
  readonly text: string
  /** The heading it stands under. */
  readonly heading: string
}

export const documents: ReadonlyArray<string> = ["README.md", ...globSync("docs/**/*.md", { cwd: root }).toSorted()]

export const textOf = (document: string): string => readFileSync(join(root, document), "utf8")

const headingAbove = (text: string): string => [...text.matchAll(/^#+ (.+)$/gm)].at(-1)?.[1] ?? ""

const fence = /^```(\S*)(?: file=(\S+))?\n(.*?)^```$/gms

export const snippetsOf = (document: string): ReadonlyArray<Snippet> => {
  const whole = textOf(document)
  return [...whole.matchAll(fence)].map(({ 1: language = "", 2: file, 3: text = "", index }) => ({
    document,
    line: whole.slice(0, index).split("\n").length + 1,
    language,
    file,
    text,
    heading: headingAbove(whole.slice(0, index).replaceAll(fence, ""))
  }))
}

export const allSnippets: ReadonlyArray<Snippet> = documents.flatMap(snippetsOf)

export const placeOf = ({ document, line }: Snippet): string => `${document}:${line}`

/** A document without its blocks. */
export const proseOf = (document: string): string => textOf(document).replaceAll(fence, "")
