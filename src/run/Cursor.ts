/**
 * How far somebody has read a run's events: up to and with journal entry `sequence` or, where that entry is told in several
 * events, up to and with `part` of it. As text `12`, or `12.0`. Pure.
 */
export interface Cursor {
  readonly sequence: number
  readonly part?: number
}

export const fromTheBeginning: Cursor = { sequence: 0 }

export const textOf = ({ part, sequence }: Cursor): string => part === undefined ? `${sequence}` : `${sequence}.${part}`

/** Undefined when it is no cursor. */
export const parseCursor = (text: string): Cursor | undefined => {
  const [, sequence, part] = /^(\d{1,15})(?:\.(\d{1,3}))?$/.exec(text) ?? []
  if (sequence === undefined) return undefined
  return { sequence: Number(sequence), ...(part === undefined ? {} : { part: Number(part) }) }
}

/** The last entry of which nothing is missing any more. */
export const wholeEntries = ({ part, sequence }: Cursor): number => part === undefined ? sequence : sequence - 1
