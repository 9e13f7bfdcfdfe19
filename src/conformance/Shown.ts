/** Values as the report shows them: one line, never long. */
const MOST_CHARS = 400

export const shown = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "nothing"
  return text.length <= MOST_CHARS ? text : `${text.slice(0, MOST_CHARS)}… (${text.length} characters)`
}
