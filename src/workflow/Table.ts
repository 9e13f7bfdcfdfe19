/** A section that maps ids to definitions. */
import { entriesOf, type YamlTree } from "./YamlTree.ts"

/** By lower-cased id. An id whose definition is wrong is known, so that nobody is told it were missing. */
export interface Named<A> {
  readonly id: string
  readonly tree: YamlTree
  readonly value: A | undefined
}
export type Table<A> = ReadonlyMap<string, Named<A>>

export const lookUp = <A>(table: Table<A>, id: string): Named<A> | undefined => table.get(id.toLowerCase())
export const idsOf = <A>(table: Table<A>): ReadonlyArray<string> => [...table.values()].map(({ id }) => id)

export const tableOf = <A>(
  section: YamlTree | undefined,
  read: (tree: YamlTree, id: string) => A | undefined
): Table<A> =>
  new Map(
    entriesOf(section).map(({ key, value }) => [key.toLowerCase(), { id: key, tree: value, value: read(value, key) }])
  )
