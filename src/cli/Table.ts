/** Rows as aligned columns. The only table renderer there is; cells are sanitised here, so callers cannot forget. */
import { CliOutput } from "effect/cli"
import { sanitizeLine } from "./Sanitize.ts"

export type Cell = string | number | undefined

const shown = (cell: Cell): string => cell === undefined || cell === "" ? "-" : sanitizeLine(String(cell))

export const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<Cell>>): ReadonlyArray<string> => {
  const cells = [head, ...rows.map((row) => row.map(shown))]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => CliOutput.displayWidth(row[column] ?? ""))))
  const pad = (cell: string, column: number) => cell + " ".repeat((widths[column] ?? 0) - CliOutput.displayWidth(cell))
  return cells.map((row) => row.map(pad).join("  ").trimEnd())
}

/** Name and value, one a line. Values may have several lines. */
export const fields = (pairs: ReadonlyArray<readonly [string, Cell]>): ReadonlyArray<string> => {
  const shownPairs = pairs.filter(([, value]) => value !== undefined && value !== "")
  const width = Math.max(0, ...shownPairs.map(([name]) => name.length))
  return shownPairs.map(([name, value]) => `${name.padEnd(width)}  ${sanitizeLine(String(value))}`)
}

export const duration = (millis: number): string =>
  millis < 1000
    ? `${Math.round(millis)} ms`
    : millis < 60_000
    ? `${(millis / 1000).toFixed(1)} s`
    : `${Math.floor(millis / 60_000)} min ${Math.round((millis % 60_000) / 1000)} s`
