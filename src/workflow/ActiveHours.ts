/** `HH:MM-HH:MM`, local time: when schedules and triggers may start work. The end is not part of it, and it may go over midnight. */
import { DateTime } from "effect"

const shape = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/

/** Without hours, or with none that can be read, always. From and to the same minute is the whole day. */
export const isActive = (hours: string | undefined, at: number, zone?: DateTime.TimeZone): boolean => {
  const [, fromHour, fromMinute, toHour, toMinute] = shape.exec(hours ?? "") ?? []
  if (fromHour === undefined) return true
  // Reading the local zone takes longer than a twentieth of a daemon's start: only who has hours pays for it.
  const timeZone = zone ?? DateTime.zoneMakeLocal()
  const { hour, minute } = DateTime.toParts(DateTime.makeZonedUnsafe(at, { timeZone }))
  const now = hour * 60 + minute
  const from = Number(fromHour) * 60 + Number(fromMinute)
  const to = Number(toHour) * 60 + Number(toMinute)
  if (from === to) return true
  return from < to ? from <= now && now < to : now >= from || now < to
}
