const DEEPEST = 8

/** About how many bytes a value of plain data holds in memory: texts count by length, everything else by the piece. */
export const weigh = (value: unknown, depth = 0): number => {
  if (typeof value === "string") return 16 + 2 * value.length
  if (typeof value !== "object" || value === null) return 8
  if (depth === DEEPEST) return 256
  let bytes = 16
  for (const part of Object.values(value)) bytes += weigh(part, depth + 1)
  return bytes
}
