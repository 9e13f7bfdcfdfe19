/**
 * Node stops reading a pipe that brought as much as one read takes, 64 kB, and starts again when that is used: a turn of the
 * loop each time that a plugin says much. For programs alone, since it is set for all streams of a process.
 */
import { setDefaultHighWaterMark } from "node:stream"

export const readAhead = (): void => setDefaultHighWaterMark(false, 128 * 1024)
