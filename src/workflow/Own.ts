/** What a record has under a name that an author chose; nothing for `constructor` and the like, which every object has. Pure. */
export const own = <A>(record: Readonly<Record<string, A>> | undefined, name: string): A | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
