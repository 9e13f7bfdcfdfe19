/**
 * How a journal looks on disk. Each line is one JSON object whose first key, `crc`, is the CRC-32 of what follows it, so that
 * `jq` reads the file as it is and a flipped bit is found without parsing. Bytes after the last newline are a torn tail:
 * they were never acknowledged. Anything else that is not as it was written is damage. Pure.
 */
import { Result } from "effect"
import * as Zlib from "node:zlib"

const HEAD = "{\"crc\":\""
const PREFIX_BYTES = HEAD.length + 8 + "\",".length
const NEWLINE = 0x0a

const checksum = (bytes: Uint8Array | string): string => Zlib.crc32(bytes).toString(16).padStart(8, "0")

/** `line` is a JSON object with at least one key, on one line. */
export const seal = (line: string): string => {
  const rest = line.slice(1)
  return `${HEAD}${checksum(rest)}",${rest}\n`
}

export interface Scan {
  readonly lines: ReadonlyArray<string>
  /** How many bytes, from the start, are whole lines; what follows is a torn tail. */
  readonly good: number
}

export interface Damage {
  readonly line: number
  readonly detail: string
}

const openLine = (bytes: Buffer): string | undefined => {
  if (bytes.length <= PREFIX_BYTES) return undefined
  const rest = bytes.subarray(PREFIX_BYTES)
  const intact = bytes.toString("latin1", 0, PREFIX_BYTES) === `${HEAD}${checksum(rest)}",`
  return intact ? `{${rest.toString("utf8")}` : undefined
}

export const scan = (bytes: Buffer): Result.Result<Scan, Damage> => {
  const lines: Array<string> = []
  let good = 0
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, good)) {
    const line = openLine(bytes.subarray(good, end))
    if (line === undefined) {
      return Result.fail({ line: lines.length + 1, detail: "its checksum does not fit its content" })
    }
    lines.push(line)
    good = end + 1
  }
  return Result.succeed({ lines, good })
}
