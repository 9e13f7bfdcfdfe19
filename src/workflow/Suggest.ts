/** "Did you mean": the known name that is nearest to what was written, when one is near enough. */

/** Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
export const editDistance = (a: string, b: string): number => {
  let older: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row.push(Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (older[j - 2] ?? 0) + 1 : Infinity
      ))
    }
    older = last
    last = row
  }
  return last[b.length] ?? 0
}

/** Names this long are nobody's slip of the finger, and cost time to compare. */
const longest = 64

export const suggest = (written: string, known: ReadonlyArray<string>): string | undefined => {
  if (known.length === 0) return undefined
  const allowed = Math.max(1, Math.floor(written.length / 3))
  const near = (written.length > longest ? [] : known)
    .map((name) => ({ name, distance: editDistance(written.toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= allowed)
    .toSorted((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))[0]
  if (near !== undefined) return `did you mean "${near.name}"?`
  return `known: ${known.slice(0, 10).join(", ")}${known.length > 10 ? ", ..." : ""}`
}
