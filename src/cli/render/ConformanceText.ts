/** A conformance report, for people: the table first, then what is to be mended. */
import type { CaseReport, Report } from "../../conformance/Report.ts"
import { sanitize, sanitizeLine } from "../Sanitize.ts"
import { duration, table } from "../Table.ts"

const MOST_REASON = 90

const short = (text: string): string => {
  const line = sanitizeLine(text)
  return line.length <= MOST_REASON ? line : `${line.slice(0, MOST_REASON)}…`
}

const row = ({ duration_ms, failure, id, reason, status, title }: CaseReport) => [
  status,
  id,
  failure === undefined && reason !== undefined ? `${title} (${short(reason)})` : title,
  duration(duration_ms)
]

const indented = (name: string, text: string): ReadonlyArray<string> => {
  const [first = "", ...more] = sanitize(text).split("\n")
  return [`  ${name.padEnd(13)} ${first}`, ...more.map((line) => `  ${"".padEnd(13)} ${line}`)]
}

const failureText = ({ failure, id, section, title }: CaseReport): ReadonlyArray<string> =>
  failure === undefined ? [] : [
    "",
    `FAIL ${id}: ${title}`,
    ...(failure.sent === undefined ? [] : indented("sent", failure.sent)),
    ...indented("got", failure.got),
    ...indented("the protocol", `${failure.protocol_says} (${section})`)
  ]

const nameOf = ({ path, plugin }: Report): string =>
  plugin === null ? path : sanitizeLine(`${plugin.name} ${plugin.version} (${plugin.kinds.join(", ")})`)

export const conformanceText = (report: Report): ReadonlyArray<string> => {
  const { cases, summary } = report
  return [
    `${nameOf(report)}, protocol ${report.protocol_version}`,
    "",
    ...table(["", "CASE", "WHAT", "TOOK"], cases.map(row)),
    ...cases.flatMap(failureText),
    "",
    `${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped in ${duration(summary.duration_ms)}`
  ]
}
