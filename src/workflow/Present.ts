/** An object without the keys whose values are not there. */
export const present = <A extends object>(fields: A): { [K in keyof A]?: Exclude<A[K], undefined> } => {
  const kept: { [K in keyof A]?: Exclude<A[K], undefined> } = {}
  for (const key in fields) {
    const value = fields[key]
    if (value !== undefined) kept[key] = value as Exclude<A[typeof key], undefined>
  }
  return kept
}
