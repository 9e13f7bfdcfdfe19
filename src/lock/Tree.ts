/**
 * A plugin's whole tree as one text whose SHA-256 is its name. Two trees have the same text only when they have the same
 * relative paths, executable bits, link targets and contents; times, owners and the order of listing do not count. Pure.
 */

export type TreeEntry =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "file"; readonly path: string; readonly executable: boolean; readonly sha256: string }

const lineOf = (entry: TreeEntry): string => {
  switch (entry.kind) {
    case "folder":
      return JSON.stringify([entry.path, "folder"])
    case "link":
      return JSON.stringify([entry.path, "link", entry.target])
    case "file":
      return JSON.stringify([entry.path, entry.executable ? "program" : "file", entry.sha256])
  }
}

const byPath = (a: TreeEntry, b: TreeEntry) => a.path < b.path ? -1 : a.path > b.path ? 1 : 0

export const treeText = (entries: ReadonlyArray<TreeEntry>): string => entries.toSorted(byPath).map(lineOf).join("\n")

/** Where a link in the tree leads, relative to the tree; undefined when that is outside of it, or not relative. */
export const insideOf = (linkPath: string, target: string): string | undefined => {
  if (target.startsWith("/")) return undefined
  const folder: Array<string> = linkPath.split("/").slice(0, -1)
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue
    if (part !== "..") folder.push(part)
    else if (folder.pop() === undefined) return undefined
  }
  return folder.join("/")
}
